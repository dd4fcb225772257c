/**
 * `cleanup`: removes what `setup` and the run made, after asking. Nothing is removed while a `process` or a writer of
 * the topics lives, and nothing that was there before setup.
 */
import { createInterface } from "node:readline";
import { checkpointLockPath } from "../checkpoint/files.ts";
import type { CommandContext } from "../command.ts";
import { FileLock } from "../disk/file-lock.ts";
import { Home, homeLockPath } from "../disk/home.ts";
import { usageError } from "../errors.ts";
import { holderText } from "../holder.ts";
import { holdsOurs, planRemoval, type Removal, remove, removeEmptyFolders, removeLockFiles } from "../removal.ts";
import { openAdmin } from "../table/open.ts";
import { topicsOf } from "../topic/topics.ts";
import { anomaliesGroup } from "./consume-kafka.ts";

export async function cleanup(context: CommandContext): Promise<void> {
  const { settings, log, now } = context;
  const holder = holderText("cleanup", now());
  const { home } = settings;
  // Both of them, also where the two are one folder.
  const lockPaths = [
    [home, homeLockPath(home)],
    [settings.checkpoints, checkpointLockPath(settings.checkpoints)],
  ] as const;
  const topics = topicsOf(settings, holder, context);
  const topicAdmin = topics.admin();
  const groupOffsets = topics.groupOffsets();
  const locks: FileLock[] = [];
  let removal: Removal;
  try {
    for (const [folder, lockPath] of lockPaths) {
      if (await holdsOurs(folder)) locks.push(FileLock.acquire(lockPath, `the folder ${folder}`, holder));
    }
    const { group, topic, anomalyTopic, rejectedTopic } = settings;
    removal = {
      home: await Home.read(home),
      checkpoints: settings.checkpoints,
      topics: [topic, anomalyTopic, rejectedTopic],
      place: topics.place,
      manifestName: (name) => topics.manifestName(name),
      groups: [
        { group, topic },
        { group: anomaliesGroup(group), topic: anomalyTopic },
      ],
      table: openAdmin(settings.database, { group, topic }, holder, context),
      topicAdmin,
      groupOffsets,
    };
    const plan = await planRemoval(removal);
    if (plan.length === 0) log.info(`there is nothing to remove in ${home}`);
    else await confirm(context, plan);
    await remove(removal, log.info);
    for (const [folder] of lockPaths) await removeLockFiles(folder);
  } finally {
    await topicAdmin.close();
    await groupOffsets.close();
    for (const lock of locks) lock.release();
  }
  if (locks.length > 0) await removeEmptyFolders(removal, log.info);
}

/** Returns when it may be removed; exit 2 when not. */
async function confirm({ settings, stdin, log, signal }: CommandContext, plan: readonly string[]): Promise<void> {
  for (const what of plan) log.info(`to be removed: ${what}`);
  if (settings.yes) return;
  if (stdin.isTTY !== true) {
    throw usageError("nobody can be asked whether to remove this, as stdin is no terminal", "give --yes to remove it");
  }
  log.info("remove all this? [y/N]");
  const answer = await readLine(stdin, signal);
  signal.throwIfAborted();
  if (!/^y(es)?$/i.test(answer.trim()))
    throw usageError("nothing was removed, as the answer was not y", "answer y, or give --yes");
}

/** The next line of `input`; empty at its end, or when the signal aborts. */
function readLine(input: CommandContext["stdin"], signal: AbortSignal): Promise<string> {
  return new Promise((settle) => {
    const lines = createInterface({ input, signal });
    lines.once("line", (line) => {
      settle(line);
      lines.close();
    });
    lines.once("close", () => settle(""));
  });
}
