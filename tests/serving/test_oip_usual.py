"""The short way through a request's inputs and the careful one: where both have something to say, it is the same."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from tests.serving.worlds import IMAGE, TEXT, VECTOR, route
from workers.serving.errors import ServingError
from workers.serving.oip import usual
from workers.serving.oip.request import careful

OPEN = {"name": "open", "modality": "tensor", "datatype": "INT16", "shape": [-1, -1, 2]}
FLAG = {"name": "flag", "modality": "tensor", "datatype": "BOOL", "shape": [-1, 1]}
WORDS = {"name": "words", "modality": "tensor", "datatype": "BYTES", "shape": [-1, 2]}
SPECS = [VECTOR, OPEN, FLAG, WORDS, TEXT, IMAGE]

values = st.one_of(
    st.integers(-2, 3),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none(),
    st.sampled_from(["", "naïve", "QUJD", "data:image/png;base64,QUJD", "data:,x"]),
    st.just([1]),
)
sizes = st.one_of(st.just(1), st.just(2), values)


@st.composite
def inputs(draw, spec):
    """One input of a request, often just as the deployment declares it and sometimes a little off."""
    shape = draw(st.one_of(st.just([1, *(abs(each) for each in spec["shape"][1:])]), st.lists(sizes, max_size=4)))
    kind = {"FP32": st.floats(-9, 9) | st.integers(-9, 9), "INT16": st.integers(-9, 40_000), "BOOL": st.booleans()}
    usual_data = st.lists(kind.get(spec["datatype"], st.sampled_from(["QUJD", "é"])), min_size=1, max_size=4)
    item = {
        "name": draw(st.sampled_from([spec["name"]] * 9 + ["other"])),
        "datatype": draw(st.sampled_from([spec["datatype"]] * 9 + ["INT8", None])),
        "shape": shape,
        "data": draw(st.one_of(usual_data, usual_data.map(lambda data: [data]), st.lists(values, max_size=4), values)),
    }
    more = draw(st.sampled_from([{}] * 6 + [{"parameters": {}}, {"parameters": {"binary_data_size": 4}}, {"x": 1}]))
    less = draw(st.sampled_from([None] * 9 + ["shape", "data"]))
    return {name: value for name, value in (item | more).items() if name != less}


@st.composite
def questions(draw):
    """A deployment's inputs, and a request's."""
    specs = draw(st.lists(st.sampled_from(SPECS), min_size=1, max_size=3, unique_by=lambda spec: spec["name"]))
    asked = [draw(inputs(spec)) for spec in draw(st.one_of(st.just(specs), st.permutations(specs)))]
    return specs, draw(st.one_of(st.just(asked), st.just(asked), st.just(asked[1:]), values))


def outcome(function):
    try:
        return function()
    except ServingError as error:
        return error.code, str(error)


@given(questions())
def test_what_the_short_way_says_the_careful_one_says_too(question):
    specs, asked = question
    read = orjson.loads(orjson.dumps(asked))
    served = route(inputs=specs)
    short = outcome(lambda: usual.sample(read, served))
    if short is not None:
        whole = short if isinstance(short, tuple) else ([short], served.input_names)
        assert whole == outcome(lambda: careful(read, None, served))


@given(st.sampled_from([1, 2.5, -3]), st.sampled_from([1, 0.5]))
def test_the_usual_request_goes_the_short_way(one, other):
    asked = [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [one, other]}]
    sample = usual.sample(asked, route())
    assert ([sample], ("x",)) == careful(asked, None, route())
