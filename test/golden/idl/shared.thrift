struct SharedStruct {
  1: i32 key
  2: string value
}

service SharedService {
  /** Reads one. */
  SharedStruct getStruct(1: i32 key)
}
