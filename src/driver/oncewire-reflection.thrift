/** One method, as far as a server knows it without its IDL. */
struct MethodInfo {
  1: string name,
  /** at-least-once, at-most-once, exactly-once or external. */
  2: string delivery,
  3: bool isOneway,
  /** `i64 debit(string account, i64 cents) throws InsufficientFunds`; an enum is told by its members. */
  4: string signature,
}

struct ServiceInfo {
  1: string name,
  /** Inherited ones first. */
  2: list<MethodInfo> methods,
  /** The .thrift file that defines it; absent where the server's generated code does not carry it. */
  3: optional string file,
}

struct IdlFile {
  /** Its name; where two files have one name, a folder before it that tells them apart. */
  1: string path,
  /** What stands behind `include` in the text -> the path of that file. */
  2: map<string, string> includes,
  3: string text,
}

exception NoSuchService {
  1: string message,
}

/**
 * What a server tells of itself: its services, and the IDL that they were generated from. Every Oncewire server offers it,
 * unless createServer({ reflection: false }) says otherwise. Generate a client from this file in any language.
 */
service OncewireReflection {
  /** In the order in which they were added, this one left out. */
  list<ServiceInfo> services(),

  /**
   * The file that defines a service (this one too), then every file that it needs; empty where the server's generated code
   * does not carry it.
   */
  list<IdlFile> idl(1: string service) throws (1: NoSuchService none),
} (delivery = "at-least-once")
