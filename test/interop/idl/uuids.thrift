/** uuid has a file of its own: the compiler that Debian has, 0.17, does not know the type. */
namespace go uuids
namespace java interop.uuids
namespace py uuids

struct Tagged {
  1: uuid id,
  2: optional list<uuid> others,
}

exception WrongUuid {
  1: string about,
  2: string got,
}

service Uuids {
  uuid echoUuid(1: string name, 2: uuid value) throws (1: WrongUuid wrong),
  list<uuid> echoUuids(1: string name, 2: list<uuid> value) throws (1: WrongUuid wrong),
  map<uuid, string> echoUuidMap(1: string name, 2: map<uuid, string> value) throws (1: WrongUuid wrong),
  Tagged echoTagged(1: string name, 2: Tagged value) throws (1: WrongUuid wrong),
}
