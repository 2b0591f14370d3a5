// Who wants to know of what: messages of the server by their type, and moments of the visit by their name.
//
// meet.ts says when something happens; a part of the page says here that it wants to know, and nobody else changes.

/** `Told` names what can happen and what is told of it. */
export class Moments<Told extends object> {
  #listeners = new Map<keyof Told, ((told: never) => void)[]>();

  /** From now on `hear` is told of every `name`. Those who came first are told first. */
  on<Name extends keyof Told>(name: Name, hear: (told: Told[Name]) => void) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), hear]);
  }

  tell<Name extends keyof Told>(name: Name, told: Told[Name]) {
    for (const hear of this.#listeners.get(name) ?? []) (hear as (told: Told[Name]) => void)(told);
  }
}
