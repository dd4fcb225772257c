/**
 * Which topics a run uses: those in the home, or Kafka's. This version has the embedded ones only, and this is the one
 * place that says so. Leaves alone opening them, and the result table (`table/open.ts`).
 */
import { usageError } from "./errors.ts";
import type { Settings } from "./settings.ts";

/** Folder of the embedded topics; brokers are exit 2. */
export function embeddedHome(settings: Settings): string {
  if (settings.brokers !== undefined) {
    throw usageError(
      "reading and writing Kafka comes with the next release; this one keeps topics in its home",
      "leave out --brokers and unset KAFKA_BOOTSTRAP_SERVERS",
    );
  }
  return settings.home;
}
