"""Requests answered later: `Prefer: respond-async`. They outlive the connection, the gateway and every replica.

    POST infer -> 202 and an id          the request is a hash in Valkey, its id an entry of one stream
    runner     -> replays it              any gateway's; as its caller would have sent it, until it has an answer
    GET        -> how it stands, or the answer itself
    DELETE     -> it is given up
    news       -> the webhook endpoint that its caller named is told, once it is finished or given up

An id stays pending with the gateway that runs it until the answer is written, and both are done at once. The ids of a
gateway without a heartbeat are taken over by another one: a request may then be computed twice, but the first answer
stays.
"""
