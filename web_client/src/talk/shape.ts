// What a message has to look like: kinds of fields, tables of them, and a reader that checks. shapes.ts has the tables.
//
// The types follow from the tables, so there is one place to change. Fields that are not listed are ignored.

type Kind = "text" | "flag" | "number" | "count" | "bytes";
export type Shape = Kind | { list: Shape } | { optional: Shape; fallback: unknown } | { fields: { [name: string]: Shape } };

type Read<S> = S extends "text"
  ? string
  : S extends "flag"
    ? boolean
    : S extends "number" | "count"
      ? number
      : S extends "bytes"
        ? Uint8Array
        : S extends { list: infer Item }
          ? Read<Item>[]
          : S extends { optional: infer Inner; fallback: infer Otherwise }
            ? Read<Inner> | Otherwise
            : S extends { fields: infer Fields }
              ? { [Name in keyof Fields]: Read<Fields[Name]> }
              : never;

export const fields = <const F extends { [name: string]: Shape }>(inner: F) => ({ fields: inner });
export const list = <const S extends Shape>(inner: S) => ({ list: inner });
export const optional = <const S extends Shape, T>(inner: S, fallback: T) => ({ optional: inner, fallback });
export const many = <const S extends Shape>(inner: S) => optional(list(inner), [] as never[]); // a list that may be left out

export type Shapes = { [type: string]: Shape };
/** The message of this type in a table of shapes. */
export type MessageOf<S extends Shapes, T extends keyof S> = { type: T } & Read<S[T]>;

const IS_KIND: Record<Kind, (value: unknown) => boolean> = {
  text: (value) => typeof value === "string",
  flag: (value) => typeof value === "boolean",
  number: (value) => Number.isFinite(value),
  count: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  bytes: (value) => typeof value === "string",
};

/** The part of `value` that `shape` describes, bytes decoded. Throws TypeError where it does not fit. */
function fit(value: unknown, shape: Shape): unknown {
  if (typeof shape === "string") {
    if (!IS_KIND[shape](value)) throw new TypeError(`expected ${shape}`);
    return shape === "bytes" ? fromBase64(value as string) : value;
  }
  if ("optional" in shape) return value === undefined || value === null ? shape.fallback : fit(value, shape.optional);
  if ("list" in shape) {
    if (!Array.isArray(value)) throw new TypeError("expected a list");
    return value.map((item) => fit(item, shape.list));
  }
  if (typeof value !== "object" || value === null) throw new TypeError("expected an object");
  const found = value as Record<string, unknown>;
  return Object.fromEntries(Object.entries(shape.fields).map(([name, inner]) => [name, fit(found[name], inner)]));
}

/** One message by any table of shapes, which is also what its type is. Never throws. */
export function decodeBy(shapes: Shapes, data: string): { type: string } | null {
  try {
    const raw = JSON.parse(data);
    if (!Object.hasOwn(shapes, raw.type)) return null;
    return { type: raw.type, ...(fit(raw, shapes[raw.type]) as object) };
  } catch {
    return null; // a torn or strange message costs that message, never the conversation
  }
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
