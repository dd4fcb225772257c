/**
 * Where a job's topics and its table are, and how to read them by clients that share nothing with `src`: here those in
 * the home of a workplace, in `served-places.ts` those of a broker and of a server. The two are chosen apart.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readTopic, type StoredRecord } from "./stored-records.ts";

export type TopicRole = "ratings" | "anomalies" | "rejected";

export interface TopicPlace {
  /** Variables that lead the commands there. */
  readonly env: Readonly<Record<string, string>>;
  /** All that stands on a topic, committed, by partition. */
  read(topic: TopicRole): Promise<StoredRecord[][]>;
}

export interface TablePlace {
  /** Variables that lead the commands there. */
  readonly env: Readonly<Record<string, string>>;
  /** All of `movie_ratings`, a text a row: `start|movie|title|count|sum|distinct`, by window and movie. */
  rows(): string[];
}

/** What a job has put out. */
export interface Outputs {
  readonly rows: readonly string[];
  readonly anomalies: readonly StoredRecord[];
  readonly rejected: readonly StoredRecord[];
}

/** What a job has left: what it read, by partition, and what it made of it. */
export interface Left extends Outputs {
  readonly ratings: StoredRecord[][];
}

/** Embedded topics, under their default names. */
export class HomeTopics implements TopicPlace {
  readonly env = {};
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  async read(topic: TopicRole): Promise<StoredRecord[][]> {
    return readTopic(join(this.#home, "topics", topic === "ratings" ? "netflix-ratings" : `netflix-ratings-${topic}`));
  }
}

/** The embedded table. */
export class HomeTable implements TablePlace {
  readonly env = {};
  readonly #database: string;

  constructor(home: string) {
    this.#database = join(home, "tidemark.db");
  }

  rows(): string[] {
    const client = new DatabaseSync(this.#database, { readOnly: true });
    try {
      // A process that was killed leaves a log that the next one recovers under an exclusive lock, for a moment.
      client.exec("PRAGMA busy_timeout = 10000");
      const statement = client.prepare(
        "SELECT window_start, movie_id, title, rating_count, rating_sum, unique_rating_count FROM movie_ratings " +
          "ORDER BY window_start, CAST(movie_id AS INTEGER)",
      );
      return statement.all().map((row) => Object.values(row).join("|"));
    } finally {
      client.close();
    }
  }
}
