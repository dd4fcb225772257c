/**
 * One broker and one PostgreSQL server for a whole run of the tests: started by `npm test`, handed to the test files in
 * variables of the environment. A test file that is run alone starts its own. Whoever asks here also removes what it
 * gets, which does nothing to what belongs to the run, and never stops it.
 */
import { type BrokerPlace, KafkaBroker } from "./kafka.ts";
import { type PostgresPlace, PostgresServer } from "./postgres.ts";

const BROKER_VARIABLE = "TIDEMARK_TEST_BROKER";
const POSTGRES_VARIABLE = "TIDEMARK_TEST_POSTGRES";

/** The run's broker, else that of `TEST_KAFKA`, else one of our own. Topics on it need names of their own. */
export async function sharedBroker(): Promise<KafkaBroker> {
  const place = process.env[BROKER_VARIABLE];
  return place === undefined ? KafkaBroker.start() : KafkaBroker.at(JSON.parse(place) as BrokerPlace);
}

/** The run's server, else that of `TEST_POSTGRES`, else one of our own. */
export async function sharedPostgres(): Promise<PostgresServer> {
  const place = process.env[POSTGRES_VARIABLE];
  return place === undefined ? PostgresServer.start() : PostgresServer.at(JSON.parse(place) as PostgresPlace);
}

/** What the test files of a run share. A service that cannot be had is left to them, which fail without it. */
export class SharedServices {
  readonly #broker: KafkaBroker | undefined;
  readonly #postgres: PostgresServer | undefined;

  private constructor(broker: KafkaBroker | undefined, postgres: PostgresServer | undefined) {
    this.#broker = broker;
    this.#postgres = postgres;
  }

  static async start(): Promise<SharedServices> {
    const orNone = (error: unknown) => void console.error(error);
    return new SharedServices(await KafkaBroker.start().catch(orNone), await PostgresServer.start().catch(orNone));
  }

  /** For the process that runs the test files. */
  get environment(): Record<string, string> {
    return {
      ...(this.#broker?.isOurs && { [BROKER_VARIABLE]: JSON.stringify(this.#broker.place) }),
      ...(this.#postgres?.isOurs && { [POSTGRES_VARIABLE]: JSON.stringify(this.#postgres.place) }),
    };
  }

  /** For a process that takes them for services somebody else runs. */
  get exports(): Record<string, string> {
    return {
      ...(this.#broker && { TEST_KAFKA: this.#broker.brokers }),
      ...(this.#postgres && { TEST_POSTGRES: this.#postgres.url("postgres", this.#postgres.administrator) }),
    };
  }

  async remove(): Promise<void> {
    await this.#broker?.remove();
    await this.#postgres?.remove();
  }
}
