/**
 * A broker and a PostgreSQL server that a test file has for itself, as its tests stop, cut off or change them: there
 * from before its first test until after its last. Jobs made here are removed after the test that made them.
 */
import { afterAll, afterEach, beforeAll, setDefaultTimeout } from "bun:test";
import { KafkaBroker } from "../services/kafka.ts";
import { PostgresServer } from "../services/postgres.ts";
import { ServiceJob } from "./service-job.ts";

/** Kafka and PostgreSQL may have to be fetched first. */
const TEST_MS_MAX = 300_000;

export class OwnServices {
  #broker: KafkaBroker | undefined;
  #server: PostgresServer | undefined;
  readonly #jobs: ServiceJob[] = [];

  private constructor() {}

  /** To be called while the test file is loaded. */
  static ofThisFile(): OwnServices {
    setDefaultTimeout(TEST_MS_MAX);
    const services = new OwnServices();
    beforeAll(() => services.#start());
    afterEach(() => services.#removeJobs());
    afterAll(() => services.#remove());
    return services;
  }

  get broker(): KafkaBroker {
    if (this.#broker === undefined) throw new Error("the broker is there once the tests have begun");
    return this.#broker;
  }

  get server(): PostgresServer {
    if (this.#server === undefined) throw new Error("the server is there once the tests have begun");
    return this.#server;
  }

  /** Everything is set up, and nothing sent yet. */
  newJob(mode: "A" | "C" = "C", broker = this.broker): ServiceJob {
    const job = new ServiceJob(broker, this.server, mode);
    this.#jobs.push(job);
    return job;
  }

  async #start(): Promise<void> {
    const starting = [KafkaBroker.startOwn(), PostgresServer.start()] as const;
    // What has started is removed, also where the other could not be.
    const [broker, server] = await Promise.allSettled(starting);
    if (broker.status === "fulfilled") this.#broker = broker.value;
    if (server.status === "fulfilled") this.#server = server.value;
    await Promise.all(starting);
  }

  #removeJobs(): void {
    for (const job of this.#jobs.splice(0)) job.remove();
  }

  async #remove(): Promise<void> {
    await this.#broker?.remove();
    await this.#server?.remove();
  }
}
