/**
 * The targets set beforehand that a comparison shows, each with what was reached, by the same run's figures.
 * A target whose peer is missing is not judged. Nothing is rounded before it is judged.
 */
import { type Outcome, secondsAfterStart } from "./comparison.ts";
import type { PeerRun } from "./peer.ts";

/** The outcomes of a comparison, by what they are to it. */
export type Outcomes = Readonly<
  Record<
    | "modeC"
    | "modeA"
    | "bareFetch"
    | "franzGo"
    | "franzGoDefault"
    | "consumerPerfTest"
    | "consumerPerfTestTuned"
    | "flink"
    | "kafkaStreams"
    | "spark"
    | "duckdb"
    | "produce"
    | "producerPerfTest"
    | "producerPerfTestTuned",
    Outcome | undefined
  >
>;

export interface Target {
  readonly what: string;
  readonly reached: boolean | undefined;
  /** The figure; where it is undefined, why. */
  readonly figure: string;
}

const MEGABYTES_MAX = 300;
const START_SECONDS_MAX = 0.3;
const NOT_SHOWN = "not shown by this run";

export function targetsOf(outcomes: Outcomes): Target[] {
  const { modeC, modeA, produce } = outcomes;
  return [
    atLeast(2, "kafka-consumer-perf-test, the faster of both, mode C", modeC, ...consumers(outcomes)),
    atLeast(1, "franz-go that only counts, the faster of both, mode C", modeC, ...franzGo(outcomes)),
    atMost(3, "times the time of the bare socket loop, mode C", modeC, outcomes.bareFetch),
    atLeast(30, "Flink with both aggregates, mode C", modeC, outcomes.flink),
    atLeast(20, "Kafka Streams with the 30-day aggregate alone, mode C", modeC, outcomes.kafkaStreams),
    atLeast(150, "Spark with both aggregates, mode C", modeC, outcomes.spark),
    atMost(1.5, "times the time of mode C, mode A", modeA, modeC),
    atLeast(2, "kafka-producer-perf-test, `produce`", produce, outcomes.producerPerfTest),
    atLeast(1.5, "the fastest setting found for it, `produce`", produce, ...producers(outcomes)),
    below(START_SECONDS_MAX, "s from start to first record, mode C", modeC, ({ startSeconds }) => startSeconds),
    below(MEGABYTES_MAX, "MB at the peak, mode C", modeC, ({ peakMegabytes }) => peakMegabytes),
    sameResults(outcomes),
  ];
}

const franzGo = ({ franzGo: tuned, franzGoDefault }: Outcomes) => [tuned, franzGoDefault];
const consumers = (outcomes: Outcomes) => [outcomes.consumerPerfTest, outcomes.consumerPerfTestTuned];
const producers = (outcomes: Outcomes) => [outcomes.producerPerfTest, outcomes.producerPerfTestTuned];

/** The least time of those that have one. */
function fastest(outcomes: readonly (Outcome | undefined)[]): number | undefined {
  const times = outcomes.flatMap((outcome) => (outcome?.best === undefined ? [] : [secondsAfterStart(outcome.best)]));
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Speed of `ours` by that of the fastest of `others`. */
function atLeast(least: number, what: string, ours: Outcome | undefined, ...others: (Outcome | undefined)[]): Target {
  const [our, their] = [fastest([ours]), fastest(others)];
  const ratio = our === undefined || their === undefined ? undefined : their / our;
  return target(
    least === 1 ? `not slower than ${what}` : `at least ${least} times ${what}`,
    ratio,
    (value) => value >= least,
    "×",
  );
}

/** Time of `ours` by that of `other`. */
function atMost(most: number, what: string, ours: Outcome | undefined, other: Outcome | undefined): Target {
  const [our, their] = [fastest([ours]), fastest([other])];
  const ratio = our === undefined || their === undefined ? undefined : our / their;
  return target(`at most ${most} ${what}`, ratio, (value) => value <= most, "×");
}

function below(
  limit: number,
  what: string,
  { best }: Outcome = {} as Outcome,
  figure: (run: PeerRun) => number,
): Target {
  return target(`under ${limit} ${what}`, best && figure(best), (value) => value < limit, "");
}

function target(what: string, value: number | undefined, isReached: (value: number) => boolean, sign: string): Target {
  if (value === undefined) return { what, reached: undefined, figure: NOT_SHOWN };
  const digits = value >= 10 ? 0 : 2;
  return { what, reached: isReached(value), figure: `${value.toFixed(digits)}${sign}` };
}

/** DuckDB's rows were held against Tidemark's like all others'; its anomalies are too, here. */
function sameResults({ modeC, modeA, duckdb }: Outcomes): Target {
  const what = "rows and anomaly lines equal a batch engine's, both modes";
  const judge = duckdb?.best?.anomalies?.join("\n");
  if (judge === undefined || !modeC?.best || !modeA?.best) return { what, reached: undefined, figure: NOT_SHOWN };
  const sameRows = [modeC, modeA, duckdb].every((outcome) => outcome?.difference === undefined);
  const [sameC, sameA] = [modeC, modeA].map(({ best }) => best?.anomalies?.join("\n") === judge);
  const counts = `${modeC.best.rows?.length} rows, ${modeC.best.anomalies?.length} anomalies`;
  return {
    what,
    reached: sameRows && sameC && sameA,
    figure: `${counts}${sameC && sameA ? "" : "; anomalies differ"}`,
  };
}
