/**
 * A statement that writes rows, many at a time: its row of placeholders is repeated. Promises that every row is written
 * once, in order, with the values that it is given. Leaves transactions to its user.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { assert } from "../errors.ts";

/** From some 50 rows a statement on, upserts are twice as fast as row by row; more than this gains nothing. */
const ROWS_PER_STATEMENT = 200;

export class BulkStatement {
  readonly #database: DatabaseSync;
  readonly #sql: string;
  readonly #placeholders: string;
  #one: StatementSync | undefined;
  #many: StatementSync | undefined;

  /** `sql`: writes one row, with placeholders in one pair of parentheses. */
  constructor(database: DatabaseSync, sql: string) {
    const placeholders = /\(\?(, \?)*\)/.exec(sql)?.[0];
    assert(placeholders !== undefined, "a statement for many rows has placeholders for one");
    this.#database = database;
    this.#sql = sql;
    this.#placeholders = placeholders;
  }

  /** `put` writes the values of the rows from `first` up to, not including, `end`, one row's behind the other's. */
  run(rows: number, put: (values: SQLInputValue[], first: number, end: number) => void): void {
    const values: SQLInputValue[] = [];
    const rest = rows % ROWS_PER_STATEMENT;
    for (let first = 0; first < rows - rest; first += ROWS_PER_STATEMENT) {
      put(values, first, first + ROWS_PER_STATEMENT);
      this.#many ??= this.#database.prepare(
        this.#sql.replace(this.#placeholders, Array(ROWS_PER_STATEMENT).fill(this.#placeholders).join(", ")),
      );
      checkChanges(this.#many.run(...values), ROWS_PER_STATEMENT);
    }
    const valuesOfOne: SQLInputValue[] = [];
    for (let row = rows - rest; row < rows; row++) {
      put(valuesOfOne, row, row + 1);
      this.#one ??= this.#database.prepare(this.#sql);
      checkChanges(this.#one.run(...valuesOfOne), 1);
    }
  }
}

function checkChanges({ changes }: { changes: number | bigint }, rows: number): void {
  assert(Number(changes) === rows, "a statement writes every row that it is given");
}
