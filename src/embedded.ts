/**
 * Which sides a run uses: topics in the home and SQLite, or Kafka and PostgreSQL. This version has the embedded ones
 * only, and this is the one place that says so. Leaves alone opening them.
 */
import { usageError } from "./errors.ts";
import type { Settings } from "./settings.ts";

export interface EmbeddedSides {
  /** Folder of the embedded topics. */
  readonly home: string;
  /** File of the SQLite database. */
  readonly databasePath: string;
}

/** The embedded sides that `settings` ask for; brokers or a PostgreSQL database are exit 2. */
export function embeddedSides(settings: Settings): EmbeddedSides {
  if (settings.brokers !== undefined) {
    throw usageError(
      "reading and writing Kafka comes with the next release; this one keeps topics in its home",
      "leave out --brokers and unset KAFKA_BOOTSTRAP_SERVERS",
    );
  }
  if (settings.database.kind === "postgres") {
    throw usageError(
      "PostgreSQL comes with the next release; this one keeps results in SQLite",
      "leave out --database and unset JDBC_URL, or name a file: jdbc:sqlite:PATH",
    );
  }
  return { home: settings.home, databasePath: settings.database.path };
}
