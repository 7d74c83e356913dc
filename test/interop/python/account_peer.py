"""
One call of an exactly-once method, by Apache Thrift's Python library alone:

    peer.py account PORT COMBINATION PLACE KEY METHOD NAME CENTS

PLACE says where the idempotency key travels: header (an info header of THeader, or of HTTP), field (argument 32767), none.
"""
import json

from thrift.Thrift import TApplicationException

from account import Account, KeyedAccount


def headers_of(protocol):
    read = getattr(protocol, "get_headers", None)
    if read is not None:
        return {key.decode(): value.decode() for key, value in read().items()}
    return dict(getattr(protocol.trans, "headers", None) or {})


def set_header(protocol, key, value):
    if hasattr(protocol, "set_header"):
        protocol.set_header(key.encode(), value.encode())
    else:
        protocol.trans.setCustomHeaders({key: f'"{value}"'})  # a string as RFC 8941 has it


def call(protocol, place, key, method, name, cents):
    arguments = [name, int(cents)]
    service = Account
    if place == "header":
        set_header(protocol, "idempotency-key", key)
    elif place == "field":
        service = KeyedAccount
        arguments.append(key)
    try:
        value = getattr(service.Client(protocol), method)(*arguments)
        print(json.dumps({"value": value, "headers": headers_of(protocol)}))
    except TApplicationException as error:
        print(json.dumps({"type": error.type, "message": error.message}))
