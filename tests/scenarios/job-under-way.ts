/**
 * A job that was set up and has read its first ratings: what a mistake must not harm. Says whether a command was
 * refused as it should be, and whether the job goes on afterwards.
 */
import { expect } from "bun:test";
import { cpSync } from "node:fs";
import { expectedOf, expectLeft, flagsOf, type Job } from "./expectation.ts";
import { type Outcome, saidBesideLog, Workplace } from "./workplace.ts";

export const JOB: Job = { mode: "C", days: 1, minCount: 1, minMean: 3 };
export const PROCESS = `process ${flagsOf(JOB)}`;
export const TITLES = "1,2003,Dinosaur Planet\n2,NULL,Isle of Man, TT Review\n";
/** A header, four ratings and a line that is none. */
export const LINES =
  "date,film_id,user_id,rate\n2002-01-01,1,7,4\n2002-01-02,1,8,5\n2002-03-01,2,7,3\nnonsense\n2002-03-02,1,1,1\n";

export class JobUnderWay extends Workplace {
  /** Begins the job, or goes on with a copy of one. */
  constructor(original?: JobUnderWay) {
    super();
    if (original !== undefined) {
      cpSync(original.folder, this.folder, { recursive: true });
      return;
    }
    this.write("data/ratings/1.csv", LINES);
    this.write("data/movie_titles.csv", TITLES);
    this.succeed("setup");
    this.succeed("produce");
    this.succeed(`${PROCESS} --once`);
  }

  /** Fails unless the command is refused with this code, message and hint, and changes nothing in the workplace. */
  expectRefused(
    code: 2 | 3 | 4,
    commandLine: string,
    message: string,
    hint: string,
    env?: Record<string, string>,
  ): void {
    const before = this.contents(".");
    const outcome: Outcome = this.run(commandLine, [], env);
    expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code, stdout: "" });
    // Nothing but these two lines, so no stack either.
    const [said, advice, ...more] = saidBesideLog(outcome);
    expect(said).toStartWith("tidemark: ");
    expect(said).toContain(message);
    expect(advice).toStartWith("hint: ");
    expect(advice).toContain(hint);
    expect(more).toEqual([""]);
    expect(this.contents(".")).toEqual(before);
  }

  /** Sends one more file and drains; fails unless all that is left then is what the oracle says. */
  expectGoesOn(): void {
    this.write("more/2.csv", "date,film_id,user_id,rate\n2002-03-02,1,9,5\n2002-05-01,2,7,5\n");
    this.succeed("produce --ratings more");
    this.succeed(`${PROCESS} --drain`);
    const ratings = this.topic();
    expectLeft(this, ratings, expectedOf(ratings, JOB, TITLES));
  }
}
