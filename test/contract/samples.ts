import { buildImage, messageOf } from './images.ts';
import type { Image } from '../../src/contract/image.ts';
import type { DescMessage } from '@bufbuild/protobuf';

const PROTO = `syntax = "proto3";
package sample;
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "keyturn/options/v1/options.proto";

enum LampState {
  LAMP_STATE_UNSPECIFIED = 0;
  LAMP_STATE_ON = 1;
  LAMP_STATE_OFF = 2;
}
enum Odd { ODD_NONE = 0; EVEN = 1; }
enum Twice { TWICE_NONE = 0; TWICE_TWICE_RED = 1; TWICE_RED = 2; }

// Of every kind a field; numbers are not in the order of the file.
message Lamp {
  string last_word = 20;
  string lamp_id = 1;
  LampState state = 2;
  int32 level = 3;
  uint32 watts = 4;
  int64 uptime = 5;
  uint64 serial = 6;
  double ratio = 7;
  float small = 8;
  bool lit = 9;
  bytes blob = 10;
  repeated string tags = 11;
  repeated LampState states = 12;
  map<string, string> labels = 13;
  map<string, LampState> map_states = 14;
  Inner inner = 15;
  repeated Inner inners = 16;
  optional string note = 17;
  oneof choice { string left = 18; Inner right = 19; }
  google.protobuf.Timestamp made_at = 21;
  google.protobuf.Struct extra = 22;
  google.protobuf.Value any_value = 23;
  google.protobuf.NullValue nothing = 24;
  google.protobuf.StringValue wrapped = 25;
  string renamed = 26 [json_name = "Other"];
  Odd odd = 27;
}
message Inner {
  string inner_name = 1;
  Inner again = 2;
  int32 count = 3;
}

// For the rules of fields.
message Ruled {
  string needed = 1 [(keyturn.options.v1.field) = {required: true expects: "a word"}];
  string short = 2 [(keyturn.options.v1.field) = {max_length: 3}];
  string word = 3 [(keyturn.options.v1.field) = {pattern: "[a-z]+|[0-9]" expects: "letters or one digit"}];
  repeated string words = 4 [(keyturn.options.v1.field) = {pattern: "[a-z]+" max_items: 2 max_length: 4}];
  repeated string some = 5 [(keyturn.options.v1.field) = {required: true}];
  string free = 6;
  RuledPart part = 7;
  repeated RuledPart parts = 8;
  map<string, string> labels = 9;
  map<string, RuledPart> part_map = 10;
  oneof choice { string left = 11 [(keyturn.options.v1.field) = {max_length: 2}]; RuledPart right = 12; }
  optional string maybe = 13 [(keyturn.options.v1.field) = {pattern: "[a-z]+"}];
  map<int64, RuledPart> part_by_number = 14;
}
message RuledPart {
  string word = 1 [(keyturn.options.v1.field) = {pattern: "[a-z]+"}];
  RuledPart inner = 2;
}
message RuledNumbers { repeated int32 numbers = 1 [(keyturn.options.v1.field) = {max_items: 2}]; }
message RequiredMessage { RuledPart part = 1 [(keyturn.options.v1.field) = {required: true}]; }
message RequiredNumber { int32 number = 1 [(keyturn.options.v1.field) = {required: true}]; }

// For the log.
message Hiding {
  string open = 1;
  string secret = 2 [debug_redact = true];
  repeated string secrets = 3 [debug_redact = true];
  bytes key = 4 [debug_redact = true];
  Hiding nested = 5;
  repeated Hiding many = 6;
  map<string, Hiding> by_name = 7;
  Hiding whole = 8 [debug_redact = true];
  oneof choice { string chosen = 9 [debug_redact = true]; Hiding other = 10; }
  int64 big = 11;
  map<string, string> secret_map = 12 [debug_redact = true];
  optional string maybe = 13 [debug_redact = true];
  map<bool, Hiding> by_flag = 14;
}`;

let image: Image | undefined;

/** An image with messages that have of everything some; see the text above. */
export function sampleImage(): Image {
  image ??= buildImage({ 'sample/sample.proto': PROTO });
  return image;
}

export function sample(name: string): DescMessage {
  return messageOf(sampleImage(), `sample.${name}`);
}
