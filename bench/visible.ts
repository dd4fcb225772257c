/**
 * How far the result table in PostgreSQL has come. An epoch's rows and its offset are written in one transaction, so a
 * rating is visible in its row exactly when the offset has passed it: asking for the offset costs the server next to
 * nothing, where summing up all rows would slow down what is measured. `check` holds one against the other.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";

const OFFSET = "SELECT coalesce(sum(next_offset), 0)::float8 AS reached FROM tidemark_shards";
const COUNTED = "SELECT coalesce(sum(rating_count), 0)::float8 FROM movie_ratings";
const BOTH = `SELECT (${OFFSET}) AS reached, (${COUNTED}) AS counted`;

export class VisibleRatings {
  readonly #client: pg.Client;

  /** Of a database that `setup` has made ready, for a topic whose ratings are all counted, with titles for all. */
  constructor(client: pg.Client) {
    this.#client = client;
  }

  /** Ratings of the topic that stand in the rows. */
  async count(): Promise<number> {
    const { rows } = await this.#client.query({ name: "offset", text: OFFSET });
    return rows[0].reached;
  }

  /** Looks every `pauseMs` until `count` are visible; throws when `patienceMs` have passed. */
  async until(count: number, { pauseMs = 1, patienceMs = 60_000 } = {}): Promise<void> {
    const endMs = performance.now() + patienceMs;
    while ((await this.count()) < count) {
      if (performance.now() > endMs) throw new Error(`${count} ratings were not visible within ${patienceMs} ms`);
      await sleep(pauseMs);
    }
  }

  /** Throws unless the rows count exactly what the offset says, in one look at both. */
  async check(): Promise<void> {
    const { rows } = await this.#client.query(BOTH);
    const [{ reached, counted }] = rows;
    if (reached !== counted) throw new Error(`the rows count ${counted} ratings, the offset says ${reached}`);
  }
}
