/**
 * `bench/RESULTS.md`: a comparison as a page of Markdown, all of it computed from its outcomes: tables, tuning, where a
 * peer is better than Tidemark, and which targets were reached. Hides nothing: what failed has a row too.
 */
import { table } from "../run-command.ts";
import { type Common, type Outcome, secondsAfterStart } from "./comparison.ts";
import type { PeerRun } from "./peer.ts";
import { type Outcomes, targetsOf } from "./targets.ts";

const HEAD = ["what", "does", "records/s", "Tidemark to it", "start s", "processor s", "peak MB", "rows equal"];
const MISSING = "–";
/** Nearer than this is no difference on a machine that others use. */
const CLEARLY = 0.95;

export interface Page {
  readonly date: string;
  readonly machine: readonly string[];
  readonly command: string;
  readonly common: Common;
  readonly days: number;
  readonly outcomes: Outcomes;
}

export function resultsPage({ date, machine, command, common, days, outcomes }: Page): string {
  const { produce, producerPerfTest, producerPerfTestTuned, ...readers } = outcomes;
  const writers = [produce, producerPerfTest, producerPerfTestTuned].filter((outcome) => outcome !== undefined);
  const reading = Object.values(readers).filter((outcome) => outcome !== undefined);
  const { ratings, partitions, anomalyDays, anomalyMinCount, anomalyMinMean } = common;
  const count = ratings.toLocaleString("en-US");
  return `# Results: Tidemark beside its peers

Made by \`${command}\` on ${date}; nothing here was written by hand.

${machine.join("\n")}

The job: ${count} ratings that fall on ${days} days, in ${partitions} partition(s); 30-day windows of every movie into
PostgreSQL, and windows of ${anomalyDays} days sliding by one, of which those with at least ${anomalyMinCount}
ratings and a mean of at least ${anomalyMinMean} go to a Kafka topic. Every run has a database and topics of its own;
of several runs the one with the least time is shown. "records/s" leaves out what passed before the first record;
"Tidemark to it" is how many times as fast mode C (\`produce\` in the second table) is. Processor and memory are the
whole process's, start included; the broker's and PostgreSQL's are in nobody's. "rows equal" compares all 30-day rows
with those of mode C.

## From Kafka to results

${rows(reading, outcomes.modeC, ratings)}
## To Kafka

${rows(writers, produce, ratings)}
## How each was tuned

${tunings([...reading, ...writers])}

## Where a peer is better

${better(reading, outcomes.modeC) + better(writers, produce)}
## Targets that were set beforehand

${table(
  ["target", "reached", "figure"],
  targetsOf(outcomes).map(({ what, reached, figure }) => [what, said(reached), figure]),
)}`;
}

function said(reached: boolean | undefined): string {
  if (reached === undefined) return MISSING;
  return reached ? "yes" : "**no**";
}

/** `4.7 M`, `43 k`. */
function perSecond(value: number): string {
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)} M` : `${(value / 1e3).toFixed(0)} k`;
}

function rows(outcomes: readonly Outcome[], ours: Outcome | undefined, ratings: number): string {
  const head = HEAD.slice(0, outcomes.some(({ best }) => best?.rows) ? undefined : -1);
  const body = outcomes.map((outcome) => {
    const { peer, best, failure } = outcome;
    const words = best === undefined || failure === undefined ? peer.does : `${peer.does} (a run failed: ${failure})`;
    if (best === undefined) return [peer.name, `not measured: ${failure}`, ...head.slice(2).map(() => MISSING)];
    const ratio =
      ours?.best === undefined ? MISSING : (secondsAfterStart(best) / secondsAfterStart(ours.best)).toFixed(2);
    const cells = [peer.name, words, perSecond(ratings / secondsAfterStart(best)), ratio];
    return [...cells, ...costs(best), equality(outcome)].slice(0, head.length);
  });
  return table(head, body);
}

const costs = ({ startSeconds, cpuSeconds, peakMegabytes }: PeerRun): string[] => [
  startSeconds.toFixed(2),
  cpuSeconds.toFixed(2),
  peakMegabytes.toFixed(0),
];

function equality({ best, difference }: Outcome): string {
  if (difference !== undefined) return `**no**: ${difference}`;
  return best?.rows === undefined ? MISSING : `yes (${best.rows.length})`;
}

/** One line for all that were tuned alike. */
function tunings(outcomes: readonly Outcome[]): string {
  const names = new Map<string, string[]>();
  for (const { peer, seconds } of outcomes) {
    const text = `${peer.tuning}. Runs: ${seconds.length}.`;
    names.set(text, [...(names.get(text) ?? []), peer.name]);
  }
  return [...names].map(([text, peers]) => `- **${peers.join("; ")}**: ${text}`).join("\n");
}

/** What any peer does with less than `ours`, whatever it does. */
function better(outcomes: readonly Outcome[], ours: Outcome | undefined): string {
  if (ours?.best === undefined) return "";
  const { best } = ours;
  const measures: [string, (run: PeerRun) => number][] = [
    ["time", secondsAfterStart],
    ["start", ({ startSeconds }) => startSeconds],
    ["processor time", ({ cpuSeconds }) => cpuSeconds],
    ["memory", ({ peakMegabytes }) => peakMegabytes],
  ];
  const lines = outcomes.flatMap(({ peer, best: theirs }) => {
    if (theirs === undefined || peer === ours.peer) return [];
    const wins = measures.flatMap(([name, measure]) => {
      const part = measure(theirs) / measure(best);
      return part < CLEARLY ? [`${(part * 100).toFixed(0)} % of the ${name}`] : [];
    });
    return wins.length === 0 ? [] : [`- ${peer.name} (${peer.does}): ${wins.join(", ")}.\n`];
  });
  return lines.length === 0 ? `- Nowhere, of those beside ${ours.peer.name}.\n` : lines.join("");
}
