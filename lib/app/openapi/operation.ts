/** The words of an OpenAPI document that the routes describe themselves in. */

/** A JSON schema (draft 2020-12), or any other part of the document that is data and no more. */
export type Schema = Readonly<Record<string, unknown>>;

/** A place in `components` that says it. */
export type Reference = { readonly $ref: string };

/** A header of an answer. */
export interface Header {
  readonly description: string;
  /** Whether it is always there. */
  readonly required?: boolean;
  readonly schema: Schema;
}

/** A body of one media type. */
export interface Media {
  /** Absent where the bytes are the publisher's own. */
  readonly schema?: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

/** What is answered with one status. */
export interface Answered {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Header>>;
  readonly content?: Readonly<Record<string, Media>>;
}

/** A part of the path, of the query or of the head that a client may choose. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly description: string;
  readonly schema: Schema;
  readonly example?: unknown;
  /** Of a path: slashes in the value stand in the path as they are, which OpenAPI 3.1 has no word for. */
  readonly "x-multi-segment"?: true;
}

/** Answers by status; the order is that of the document. */
export type Answers = Readonly<Record<number, Answered | Reference>>;

/** What a route says of itself. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly [string];
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: Schema;
  readonly responses: Answers;
  /** `[]` is for everybody; absent means as the document says. */
  readonly security?: readonly [];
  /** What another method is answered; it stands beside the operations, since it belongs to none of them. */
  readonly otherMethods: Reference;
}

export const refTo = (kind: "parameters" | "responses" | "schemas", name: string): Reference => ({
  $ref: `#/components/${kind}/${name}`,
});
