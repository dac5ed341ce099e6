// Made by `npm run generate`: edits are lost.
/** A piece of a path: literal text, percent-encoded, or a variable. */
export type PathPart = string | PathVariable;

export interface PathVariable {
  /** The names that lead to its field. */
  readonly of: readonly string[];
  /** The segments that it takes, such as `projects/*`; one segment without it. `**` at its end takes any number. */
  readonly like?: string;
}

/** What a body is made of: the whole request that the path has left over, or one field of it. */
export interface BodyPlan {
  /** `*`, or the name of a field. */
  readonly of: string;
  readonly as: 'json' | 'form' | 'raw' | 'content';
  /** Its media type; that of `content` comes with the value. */
  readonly type: string;
  /** Whether there may be none. */
  readonly optional?: boolean;
}

/**
 * The fields of a message that are not plain values in a query: `json` and `jsons` are written as JSON text, once and for
 * each member of a list; `none` cannot be given; another message is followed.
 */
export interface QueryShape {
  readonly [name: string]: 'json' | 'jsons' | 'none' | QueryShape;
}

/** How the body of an answer is read. */
export type AnswerForm = 'json' | 'text' | 'bytes' | 'content';

/** One REST binding of a method. */
export interface Route {
  /** The HTTP method and the path template, for people. */
  readonly name: string;
  readonly method: string;
  readonly path: readonly PathPart[];
  readonly body?: BodyPlan;
  /** What goes into the query is written by it; without it nothing goes there. */
  readonly query?: QueryShape;
  /** How an answer is read, unless its media type is one of `forms`; as JSON without it. */
  readonly answer?: AnswerForm;
  readonly forms?: Readonly<Record<string, AnswerForm>>;
  /** Whether `null` is no answer, because the contract has a message for it. */
  readonly neverNull?: boolean;
  /** The response headers that the contract names, in lower case. */
  readonly headers?: readonly string[];
}

/** A request of which a route needs some fields, and has no place for others. */
export type RequestOf<Message, Needed extends keyof Message = never, Without extends keyof Message = never> = Omit<Message, Needed | Without> & {
  readonly [Name in Needed]-?: Exclude<Message[Name], undefined>;
};
