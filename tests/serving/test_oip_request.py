"""The request decoder: what fits is taken whole, what does not is refused with the input's name."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving.worlds import IMAGE, SOUND, TEXT, VECTOR, base64_text, body, route, tensor
from workers.serving.errors import BadInput, BadOutput, BadRequest, ServingError
from workers.serving.oip.request import InferRequest, decode
from workers.serving.tensors import to_array

VECTORS = route()
MEDIA = route(inputs=[IMAGE, SOUND], require_any=["image", "sound"])
TEXTS = route(inputs=[TEXT])


def media(name: str, *data: str) -> dict:
    return tensor(name, data, [len(data)], "BYTES")


def refusal(raw: bytes, kind: type[ServingError] = BadInput, on=VECTORS, header_length=None) -> str:
    with pytest.raises(kind) as caught:
        decode(raw, header_length, on)
    return str(caught.value)


def test_a_flat_list_becomes_one_tensor_a_sample():
    request = decode(body(tensor(data=[1, 2, 3, 4], shape=[2, 2])), None, VECTORS)
    assert [to_array(sample["x"]).tolist() for sample in request.samples] == [[1, 2], [3, 4]]


def test_a_nested_list_means_the_same_as_a_flat_one():
    nested = decode(body(tensor(data=[[1, 2], [3, 4]], shape=[2, 2])), None, VECTORS)
    assert nested == decode(body(tensor(data=[1, 2, 3, 4], shape=[2, 2])), None, VECTORS)


def test_the_request_keeps_its_id_and_its_time_limit_in_seconds():
    request = decode(body(tensor(), id="mine", parameters={"timeout": 1_500_000}), None, VECTORS)
    assert (request.id, request.timeout) == ("mine", 1.5)


def test_media_come_as_base64_or_as_data_urls():
    encoded = base64_text(b"\x89PNG")
    request = decode(body(media("image", encoded, "data:image/png;base64," + encoded)), None, MEDIA)
    assert [sample["image"].data for sample in request.samples] == [[b"\x89PNG"], [b"\x89PNG"]]


def test_text_is_taken_as_it_is():
    request = decode(body(media("text", "naïve")), None, TEXTS)
    assert request.samples[0]["text"].data == ["naïve".encode()]


@pytest.mark.parametrize("raw", [b"", b"{", b"nonsense", b'{"inputs": [}', b"[" * 100_000, b"\xff\xfe"])
def test_malformed_json_is_a_bad_request(raw):
    assert "not valid JSON" in refusal(raw, BadRequest)


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"x"', b"null"])
def test_a_body_that_is_no_object_is_a_bad_request(raw):
    assert "object" in refusal(raw, BadRequest)


@pytest.mark.parametrize("inputs", [None, {}, [], "x"])
def test_inputs_must_be_a_list_with_something_in_it(inputs):
    assert "`inputs`" in refusal(orjson.dumps({"inputs": inputs}), BadRequest)


@pytest.mark.parametrize("item", [None, 1, {}, {"name": 5}])
def test_each_input_needs_a_name(item):
    assert "`name`" in refusal(body(item), BadRequest)


def test_an_unknown_input_is_named_with_those_that_are_known():
    assert refusal(body(tensor("z"))) == "Input 'z' is not known; the model takes x."


def test_a_duplicate_input_is_named():
    assert "'x': it is given twice" in refusal(body(tensor(), tensor()))


def test_a_missing_input_is_named():
    both = route(inputs=[VECTOR, VECTOR | {"name": "w"}])
    assert "'w': it is missing" in refusal(body(tensor()), on=both)


def test_an_optional_input_may_be_missing():
    assert decode(body(media("sound", base64_text(b"RIFF"))), None, MEDIA).input_names == ("sound",)


def test_when_one_of_several_is_required_all_are_named():
    spare = route(inputs=[IMAGE, SOUND, VECTOR], require_any=["image", "sound"])
    assert "image, sound" in refusal(body(tensor()), on=spare)


@pytest.mark.parametrize("datatype", ["FP64", "fp32", "INT64", "", None, 3])
def test_a_wrong_datatype_is_refused_with_both_named(datatype):
    assert "'x': its datatype is FP32, not" in refusal(body(tensor(datatype=datatype)))


@pytest.mark.parametrize("shape", [[-1, 2], [1, -2], [0, 2], [1.5, 2], ["1", 2], [True, 2], [], "12", None])
def test_a_shape_of_anything_but_positive_whole_numbers_is_refused(shape):
    wrong = tensor() | {"shape": shape}
    assert "'x': `shape` must be" in refusal(body(wrong))


@pytest.mark.parametrize("shape", [[2], [1, 3], [1, 2, 1], [1] * 100])
def test_a_shape_that_is_not_the_declared_one_is_refused(shape):
    assert "'x': its shape is [-1, 2]" in refusal(body(tensor() | {"shape": shape}))


@pytest.mark.parametrize("data", [[], [1], [1, 2, 3]])
def test_data_that_do_not_fill_the_shape_are_refused(data):
    assert "'x': shape [1, 2] takes 2 elements" in refusal(body(tensor(data=data)))


@pytest.mark.parametrize("data", [[[1], [2]], [[1, 2], [3]], [[1, 2], 3], [[[1, 2]], [[3, 4]]], [[1, 2]]])
def test_data_nested_otherwise_than_the_shape_are_refused(data):
    assert "'x': `data`" in refusal(body(tensor(data=data, shape=[2, 2])))


@pytest.mark.parametrize("item", ["1", None, True, {}, [[]]])
def test_data_of_another_type_are_refused(item):
    assert "'x': `data` must hold FP32 only" in refusal(body(tensor(data=[1, item])))


@pytest.mark.parametrize("data", ["12", {"0": 1}, 5, None])
def test_data_must_be_a_list(data):
    assert "'x': `data` must be a list" in refusal(body(tensor() | {"data": data}))


@pytest.mark.parametrize(
    ("datatype", "number"),
    [("UINT8", 256), ("UINT8", -1), ("INT32", 2**31), ("FP32", -1e39), ("FP16", 70_000), ("FP16", 65_520.0)],
)
def test_a_number_the_datatype_cannot_hold_is_refused(datatype, number):
    small = route(inputs=[VECTOR | {"datatype": datatype}])
    assert f"{datatype} cannot hold" in refusal(body(tensor(data=[1, number], datatype=datatype)), on=small)


def test_the_largest_number_of_a_datatype_is_taken():
    half = route(inputs=[VECTOR | {"datatype": "FP16"}])
    request = decode(body(tensor(data=[65_504, -65_504], datatype="FP16")), None, half)
    assert to_array(request.samples[0]["x"]).tolist() == [65_504, -65_504]


def test_a_fraction_is_no_whole_number():
    whole = route(inputs=[VECTOR | {"datatype": "INT64"}])
    assert "fractions" in refusal(body(tensor(data=[1, 1.5], datatype="INT64")), on=whole)


def test_a_depth_bomb_in_the_data_is_a_bad_request():
    bomb = b'{"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":' + b"[" * 900 + b"]" * 900 + b"}]}"
    assert "not nested" in refusal(bomb)


def test_inputs_that_disagree_on_the_number_of_samples_are_all_told():
    text = base64_text(b"x")
    told = refusal(body(media("image", text, text), media("sound", text)), on=MEDIA)
    assert "'image' 2, 'sound' 1" in told


def test_a_request_carries_at_most_64_samples():
    assert "64 samples, not 65" in refusal(body(tensor(data=[0] * 130, shape=[65, 2])))


@pytest.mark.parametrize("text", ["!!", "abc", "data:image/png,xx", "ümlaut"])
def test_media_that_are_not_base64_are_refused_by_name(text):
    assert "'image': sample 0" in refusal(body(media("image", text)), on=MEDIA)


def test_an_unknown_output_is_refused_with_those_that_are_known():
    assert refusal(body(tensor(), outputs=[{"name": "z"}]), BadOutput).endswith("the model gives y.")


def test_an_output_asked_for_twice_is_refused():
    assert "twice" in refusal(body(tensor(), outputs=[{"name": "y"}] * 2), BadOutput)


@pytest.mark.parametrize("parameters", [{"classification": 3}, {"shared_memory_region": "r"}])
def test_extensions_that_are_not_offered_are_refused(parameters):
    assert "not offered" in refusal(body(tensor(), outputs=[{"name": "y", "parameters": parameters}]), BadOutput)


@pytest.mark.parametrize("identifier", [5, [], "i" * 257])
def test_an_id_must_be_a_short_string(identifier):
    assert "`id`" in refusal(body(tensor(), id=identifier), BadRequest)


@pytest.mark.parametrize("timeout", [-1, "5", 1.5, True])
def test_a_timeout_must_be_whole_microseconds(timeout):
    assert "`timeout`" in refusal(body(tensor(), parameters={"timeout": timeout}), BadRequest)


def test_a_sequence_is_refused_rather_than_ignored():
    assert "sequence" in refusal(body(tensor(), parameters={"sequence_id": 1}), BadRequest)


def binary(raw: bytes, size: int | None = None, **changes) -> tuple[bytes, int]:
    item = {"name": "x", "datatype": "FP32", "shape": [1, 2], "parameters": {"binary_data_size": len(raw)}} | changes
    item["parameters"] = {"binary_data_size": len(raw) if size is None else size}
    head = body(item)
    return head + raw, len(head)


def test_the_binary_form_means_the_same_as_json():
    raw, length = binary(b"\x00\x00\x80?\x00\x00\x00@")
    assert decode(raw, length, VECTORS).samples == decode(body(tensor()), None, VECTORS).samples


def test_bytes_in_the_binary_form_are_length_prefixed():
    raw, length = binary(b"\x02\x00\x00\x00hi", name="text", datatype="BYTES", shape=[1])
    assert decode(raw, length, TEXTS).samples[0]["text"].data == [b"hi"]


def test_text_in_the_binary_form_must_be_utf8():
    raw, length = binary(b"\x01\x00\x00\x00\xff", name="text", datatype="BYTES", shape=[1])
    assert "'text': sample 0 is not UTF-8" in refusal(raw, on=TEXTS, header_length=length)


@pytest.mark.parametrize("raw", [b"\x05\x00\x00\x00hi", b"\x05\x00", b"", b"\x00\x00\x00\x00" * 2])
def test_bytes_whose_lengths_do_not_add_up_are_refused(raw):
    whole, length = binary(raw, name="text", datatype="BYTES", shape=[1])
    assert "'text':" in refusal(whole, on=TEXTS, header_length=length)


def test_too_few_bytes_for_the_shape_are_refused():
    raw, length = binary(b"\x00\x00\x80?")
    assert "takes 8 bytes but 4 were sent" in refusal(raw, header_length=length)


@pytest.mark.parametrize("size", [9, 2**60, -1, "8", True])
def test_a_binary_size_the_body_does_not_hold_is_refused(size):
    raw, length = binary(b"\x00" * 8, size=size)
    assert "'x': `binary_data_size`" in refusal(raw, header_length=length)


def test_bytes_left_over_are_refused():
    raw, length = binary(b"\x00" * 8)
    assert "add up to 8 bytes but 9 follow" in refusal(raw + b"x", BadRequest, header_length=length)


def test_a_binary_size_without_the_header_is_refused():
    raw, _ = binary(b"")
    assert "'x': `binary_data_size`" in refusal(raw)


@pytest.mark.parametrize("length", [-1, 10_000])
def test_a_header_length_outside_the_body_is_refused(length):
    assert "Inference-Header-Content-Length" in refusal(body(tensor()), BadRequest, header_length=length)


def test_header_length_zero_takes_the_whole_body_as_the_single_input():
    assert decode(b"hello", 0, TEXTS).samples[0]["text"].data == [b"hello"]


def test_header_length_zero_takes_raw_numbers_too():
    assert decode(b"\x00" * 8, 0, VECTORS).samples == decode(body(tensor(data=[0, 0])), None, VECTORS).samples


@pytest.mark.parametrize("raw", [b"", b"\x00" * 7])
def test_header_length_zero_refuses_a_body_that_is_no_sample(raw):
    assert "'x': its shape cannot be told" in refusal(raw, header_length=0)


def test_header_length_zero_needs_a_single_input():
    assert "one input" in refusal(b"x", BadRequest, on=MEDIA, header_length=0)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
likely_keys = st.sampled_from(["name", "datatype", "shape", "data", "parameters"])
likely_values = json_values | st.sampled_from(["x", "FP32", "BYTES", [1, 2], [1], {"binary_data_size": 4}])
likely_tensors = st.dictionaries(likely_keys, likely_values)
likely_requests = st.fixed_dictionaries(
    {"inputs": st.lists(likely_tensors, max_size=3) | json_values},
    optional={"id": json_values, "parameters": json_values, "outputs": json_values},
)


def outcome(raw: bytes, header_length: int | None, on=VECTORS) -> int:
    try:
        assert isinstance(decode(raw, header_length, on), InferRequest)
        return 200
    except ServingError as error:
        return error.status


@given(likely_requests | json_values)
def test_no_json_is_ever_the_platforms_fault(document):
    try:
        raw = orjson.dumps(document)
    except TypeError:  # integers beyond 64 bits are no JSON for orjson; json writes them
        raw = json.dumps(document).encode()
    assert outcome(raw, None) in (200, 400)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("field", ["name", "datatype", "shape", "data", "parameters"])
def test_no_field_of_an_input_may_be_nested_too_deep(field, opening):
    nested = opening * 1000 + "1" + ("]" if opening == "[" else "}") * 1000
    raw = body({**tensor(), field: "NESTED"}).decode().replace('"NESTED"', nested)
    assert outcome(raw.encode(), None) in (200, 400)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("field", ["id", "parameters", "inputs", "outputs", "else"])
def test_no_field_of_a_request_may_be_nested_too_deep(field, opening):
    nested = opening * 1000 + "1" + ("]" if opening == "[" else "}") * 1000
    for document in ({"inputs": [tensor()], field: "NESTED"}, {"inputs": [tensor()], "parameters": {field: "NESTED"}}):
        raw = orjson.dumps(document).decode().replace('"NESTED"', nested)
        assert outcome(raw.encode(), None) in (200, 400)


def test_a_datatype_that_is_no_string_is_named_by_its_kind():
    assert "its datatype is FP32, not lists" in refusal(body(tensor(datatype=[[]])))


@given(st.binary(max_size=64), st.integers(-2, 70))
def test_no_bytes_are_ever_the_platforms_fault(raw, header_length):
    assert outcome(raw, header_length) in (200, 400)


@given(st.binary(max_size=40))
def test_no_binary_text_is_ever_the_platforms_fault(raw):
    whole, length = binary(raw, name="text", datatype="BYTES", shape=[1])
    assert outcome(whole, length, TEXTS) in (200, 400)
