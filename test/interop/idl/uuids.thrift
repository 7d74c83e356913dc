/**
 * uuid has a file of its own: the compiler that Debian has, 0.17, does not know the type. Stubs of the later compiler are
 * beside this file, in stubs/; how they are made is written there.
 */
namespace go uuids
namespace java interop.uuids
namespace py uuids

struct Tagged {
  1: uuid id,
  2: optional list<uuid> others,
  3: map<uuid, string> names,
}

exception WrongUuid {
  1: string about,
  2: string got,
}

service Uuids {
  uuid echoUuid(1: string name, 2: uuid value) throws (1: WrongUuid wrong),
  Tagged echoTagged(1: string name, 2: Tagged value) throws (1: WrongUuid wrong),
}
