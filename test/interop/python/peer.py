"""
Apache Thrift's Python library, as a client of our server and as a server for our client.

    peer.py client PORT COMBINATION...   makes every call of the table, prints a line of JSON for each
    peer.py server COMBINATION...        serves each combination on a port of its own, until stdin ends
    peer.py account PORT COMBINATION ... makes one call of an exactly-once method: see account_peer.py

A combination is codec/transport, such as compact/header, json/framed/multiplexed or binary/framed/uuid.
"""
import json
import sys
import threading
import time

from cross import Cross, Older, Second
from cross.ttypes import Either, Narrow, Tree, Wide
from parts import Base
from parts.ttypes import Color, Detailed, Mismatch, Plain, Point
from thrift.protocol import TBinaryProtocol, TCompactProtocol, TJSONProtocol, THeaderProtocol
from thrift.protocol.THeaderProtocol import THeaderProtocolFactory
from thrift.protocol.TMultiplexedProtocol import TMultiplexedProtocol
from thrift.server import THttpServer, TServer
from thrift.Thrift import TApplicationException, TMessageType
from thrift.TMultiplexedProcessor import TMultiplexedProcessor
from thrift.transport import THeaderTransport, THttpClient, TSocket, TTransport

from cases import CROSS, show, uuid_table

CODECS = {
    "binary": TBinaryProtocol.TBinaryProtocolFactory(),
    "old-binary": TBinaryProtocol.TBinaryProtocolFactory(strictRead=False, strictWrite=False),
    "compact": TCompactProtocol.TCompactProtocolFactory(),
    "json": TJSONProtocol.TJSONProtocolFactory(),
}
HEADER_CODECS = {
    "binary": THeaderTransport.THeaderSubprotocolID.BINARY,
    "compact": THeaderTransport.THeaderSubprotocolID.COMPACT,
}


def tell(**line):
    print(json.dumps(line), flush=True)


def brief(text):
    return text if len(text) <= 300 else text[:300] + "..."


# --- as a client


def dial(port, combination):
    codec, transport, *more = combination.split("/")
    if transport == "http":
        trans = THttpClient.THttpClient(f"http://127.0.0.1:{port}/")
        trans.setTimeout(10000)
        protocol = CODECS[codec].getProtocol(trans)
    else:
        socket = TSocket.TSocket("127.0.0.1", port)
        socket.setTimeout(10000)
        if transport.startswith("header"):
            protocol = THeaderProtocol.THeaderProtocol(
                socket, (THeaderTransport.THeaderClientType.HEADERS,), HEADER_CODECS[codec]
            )
            if transport == "header-zlib":
                protocol.trans.add_transform(THeaderTransport.THeaderTransformID.ZLIB)
            trans = protocol.trans
        else:
            wrap = TTransport.TFramedTransport if transport == "framed" else TTransport.TBufferedTransport
            trans = wrap(socket)
            protocol = CODECS[codec].getProtocol(trans)
    trans.open()
    return protocol, (lambda name: TMultiplexedProtocol(protocol, name)) if more == ["multiplexed"] else (lambda name: protocol)


def expect(got, wanted):
    if show(got) != show(wanted):
        raise AssertionError(f"got {brief(show(got))} instead of {brief(show(wanted))}")


def echo(method, name, value):
    def run(of):
        if isinstance(value, TypeError):
            raise value
        expect(getattr(Cross.Client(of("Cross")), method)(name, value), value)

    return run


def echo_uuid(method, name, value):
    from uuids import Uuids

    return lambda of: expect(getattr(Uuids.Client(of("Uuids")), method)(name, value), value)


def ping(of):
    expect(Cross.Client(of("Cross")).ping(), None)


def whoami(of):
    expect(Cross.Client(of("Cross")).whoami(), "Cross")


def whoami_second(of):
    expect(Second.Client(of("Second")).whoami(), "Second")


def many(of):
    expect(Cross.Client(of("Cross")).many(-5, 7, True, "many", Color.RED, [7]), Point(-5, 7))


def fails(how, wanted):
    def run(of):
        try:
            expect(Cross.Client(of("Cross")).fail(how), wanted)
        except (Plain, Detailed) as error:
            expect(error, wanted)

    return run


def undeclared(of):
    try:
        Cross.Client(of("Cross")).fail("undeclared")
    except TApplicationException as error:
        return expect(error.type, TApplicationException.INTERNAL_ERROR)
    raise AssertionError("no exception came")


def unknown_method(of):
    try:
        Older.Client(of("Cross")).nowhere("x")
    except TApplicationException as error:
        return expect(error.type, TApplicationException.UNKNOWN_METHOD)
    raise AssertionError("no exception came")


def narrow(of):
    sent = Narrow(count=5, real="another type", flag=-1, more=[Either(text="x"), Either(numbers=[1])])
    got = Older.Client(of("Cross")).evolve("narrow", sent, {"a": [Tree(1, [], {})]})
    expect(got, Narrow(count=5))


def notes(of):
    client = Cross.Client(of("Cross"))
    name = f"python {time.time_ns()}"
    for _ in range(3):
        client.note(name)
    for _ in range(100):
        if client.noted(name) == 3:
            return
        time.sleep(0.02)
    expect(client.noted(name), 3)


def seqid(of):
    protocol = of("Cross")
    protocol.writeMessageBegin("whoami", TMessageType.CALL, -5)
    Base.whoami_args().write(protocol)
    protocol.writeMessageEnd()
    protocol.trans.flush()
    begin = protocol.readMessageBegin()
    result = Base.whoami_result()
    result.read(protocol)
    protocol.readMessageEnd()
    expect([*begin, result.success], ["whoami", TMessageType.REPLY, -5, "Cross"])


def cases(combination):
    if combination.endswith("uuid"):
        for method, values in uuid_table().items():
            for name, value in values.items():
                yield f"{method} {name}", echo_uuid(method, name, value)
        return
    for method, values in CROSS.items():
        for name, value in values.items():
            if (method, name) != ("evolve", "narrow"):
                yield f"{method} {name}", echo(method, name, value)
    yield "ping", ping
    yield "whoami", whoami
    yield "many", many
    yield "fail plain", fails("plain", Plain("plain text"))
    yield "fail detailed", fails("detailed", Detailed(-7, ["a", "b"], Point(1, 2)))
    yield "fail none", fails("none", "none")
    yield "fail undeclared", undeclared
    yield "unknown method", unknown_method
    yield "evolve narrow", narrow
    yield "note", notes
    yield "seqid", seqid
    if combination.endswith("multiplexed"):
        yield "second service", whoami_second


def client(port, combinations):
    for combination in combinations:
        protocol, of = dial(port, combination)
        for name, run in cases(combination):
            try:
                run(of)
                tell(combination=combination, case=name, ok=True)
            except Exception as error:
                detail = show(error) if hasattr(error, "thrift_spec") else f"{type(error).__name__}: {error}"
                tell(combination=combination, case=name, ok=False, detail=brief(detail))
                if not isinstance(error, (AssertionError, Mismatch)):
                    protocol.trans.close()
                    protocol, of = dial(port, combination)
        protocol.trans.close()


# --- as a server


class Handler:
    def __init__(self):
        self.notes = {}

    def __getattr__(self, method):
        if method not in CROSS:
            raise AttributeError(method)

        def echo(name, value):
            wanted = CROSS[method].get(name)
            if show(value) != show(wanted):
                raise Mismatch(f"{method} {name}", brief(show(value)))
            return CROSS["evolve"]["wide"] if method == "evolve" else wanted

        return echo

    def ping(self):
        pass

    def whoami(self):
        return "Cross"

    def fail(self, how):
        if how == "plain":
            raise Plain("plain text")
        if how == "detailed":
            raise Detailed(-7, ["a", "b"], Point(1, 2))
        if how == "undeclared":
            raise RuntimeError("nobody declared this")
        return how

    def many(self, x, y, yes, text, color, bytes):
        got = [yes, text, color, bytes]
        if show(got) != show([True, "many", Color.RED, [7]]):
            raise Mismatch("many", show(got))
        return Point(x, y)

    def note(self, name):
        self.notes[name] = self.notes.get(name, 0) + 1

    def noted(self, name):
        return self.notes.get(name, 0)


class UuidHandler:
    def __getattr__(self, method):
        from uuids.ttypes import WrongUuid

        def echo(name, value):
            wanted = uuid_table()[method].get(name)
            if show(value) != show(wanted):
                raise WrongUuid(f"{method} {name}", show(value))
            return wanted

        return echo


class SecondHandler:
    def whoami(self):
        return "Second"


def make_server(combination):
    codec, transport, *more = combination.split("/")
    processor = Cross.Processor(Handler())
    if more == ["uuid"]:
        from uuids import Uuids

        processor = Uuids.Processor(UuidHandler())
    if more == ["multiplexed"]:
        one, processor = processor, TMultiplexedProcessor()
        processor.registerProcessor("Cross", one)
        processor.registerProcessor("Second", Second.Processor(SecondHandler()))
    if transport == "http":
        server = THttpServer.THttpServer(processor, ("127.0.0.1", 0), CODECS[codec])
        return server, lambda: server.httpd.server_address[1]
    socket = TSocket.TServerSocket("127.0.0.1", 0)
    wrap, factory = TTransport.TBufferedTransportFactory(), None
    if transport == "framed":
        wrap, factory = TTransport.TFramedTransportFactory(), CODECS[codec]
    elif transport.startswith("header"):
        wrap, factory = TTransport.TTransportFactoryBase(), THeaderProtocolFactory()
    server = TServer.TThreadedServer(processor, socket, wrap, factory or CODECS[codec], daemon=True)
    return server, lambda: socket.handle and socket.handle.getsockname()[1]


def serve(combinations):
    for combination in combinations:
        server, port = make_server(combination)
        threading.Thread(target=server.serve, daemon=True).start()
        while not port():
            time.sleep(0.01)
        tell(combination=combination, port=port())
    sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1] == "client":
        client(int(sys.argv[2]), sys.argv[3:])
    elif sys.argv[1] == "account":
        from account_peer import call

        call(dial(int(sys.argv[2]), sys.argv[3])[0], *sys.argv[4:])
    else:
        serve(sys.argv[2:])
