#!/usr/bin/env thrift
/* licence */

// about the file
namespace py a   // trailing
include 'shared.thrift' /* why */



// stands alone

// about A
struct A // head
{
    // first
    1: required string a // about a
  , 2: i32 b = 5; /* about b */
        /* before c */ 3: i64 c (
           js.type='number' // why
        )

    // ---- section ----

    4:map<string,list<i32>>m={'a':[1,2,3],"b":[]}
    5: optional   A & next
    // last

} // end of A

/** One line stays one line. */
exception InsufficientFunds{1:i64 balance}
enum E{A=1;B C}
enum Open {
  A B }
union Empty
{
}
/**
    * Stars go
      * in one column,
        */
service S extends shared.SharedService
{

/* no
   stars: stays */
i64 balance(1:string account)(delivery="at-least-once");
   i64 debit(1:string account, 2:i64 cents) throws(1:InsufficientFunds short) (delivery='exactly-once', key="account")
i64 commented(1:string account,// whose
2:i64 cents // how much
)throws(1:InsufficientFunds short);
Result transfer(1: string from, 2: string to, 3: i64 cents, 4: optional string memo, 5: list<string> tags) throws (1: InsufficientFunds short) (delivery = "exactly-once", key = "from"),
i64 long(1: string account) throws (1: InsufficientFunds short, 2: NoSuchAccount missing, 3: Frozen frozen) (delivery = "exactly-once", key = "account")
oneway void nothing( /* yet */ )
}
typedef list< i32 ( a="b" ) >( c ) L ;
const list<i32> NUMBERS = [1000000001,1000000002,1000000003,1000000004,1000000005,1000000006,1000000007,1000000008,1000000009]
const map<string,i32> OPEN={
'a':1, 'say "b"' : 2
}
const string TEXT='it is' // no semicolon
