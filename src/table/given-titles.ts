/**
 * The titles that somebody was given: each movie's goes there once, and again only when it is another one.
 */
import { assert } from "../errors.ts";
import type { RowColumns } from "../row-columns.ts";

/** Ids below this, all of the real set's, are looked up in an array, six times as fast as in a map. */
const DIRECT_IDS_MAX = 1 << 15;

export class GivenTitles {
  readonly #direct: (string | undefined)[] = new Array(DIRECT_IDS_MAX).fill(undefined);
  readonly #large = new Map<number, string>();

  /** By movie id: the titles in these rows that were not given before. From here on they are. */
  newIn({ length, movieId, title }: RowColumns): ReadonlyMap<number, string> {
    const titles = new Map<number, string>();
    for (let at = 0; at < length; at++) {
      const id = movieId[at];
      const given = id < DIRECT_IDS_MAX ? this.#direct[id] : this.#large.get(id);
      if (given === title[at]) continue;
      assert(!titles.has(id), "a movie has one title in an epoch");
      titles.set(id, title[at]);
      if (id < DIRECT_IDS_MAX) this.#direct[id] = title[at];
      else this.#large.set(id, title[at]);
    }
    return titles;
  }
}
