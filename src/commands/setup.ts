/**
 * `setup`: makes the home, the three topics and the result table, and says what it made and what was there. Safe to
 * repeat. With `--drop` it does what `cleanup` does first.
 */
import type { CommandContext } from "../command.ts";
import { FileLock } from "../disk/file-lock.ts";
import { openHome, setupLockPath } from "../disk/home.ts";
import { holderText } from "../holder.ts";
import { describeDatabase, openAdmin } from "../table/open.ts";
import { topicsOf } from "../topic/topics.ts";
import { cleanup } from "./cleanup.ts";

export async function setup(context: CommandContext): Promise<void> {
  const { settings, log, now } = context;
  if (settings.drop) await cleanup(context);

  const home = await openHome(settings.home);
  const holder = holderText("setup", now());
  const lock = FileLock.acquire(setupLockPath(home.path), `the home folder ${home.path}`, holder);
  const topics = topicsOf(settings, holder, context);
  const admin = topics.admin();
  try {
    const wanted = [
      { topic: settings.topic, partitions: settings.partitions },
      { topic: settings.anomalyTopic, partitions: 1 },
      { topic: settings.rejectedTopic, partitions: 1 },
    ];
    for (const { topic, partitions } of wanted) {
      const isMissing = !(await admin.exists(topic));
      // Before it is made, so that a `setup` killed just then leaves nothing that `cleanup` does not know.
      if (isMissing) await home.noteTopic(await topics.manifestName(topic));
      const made = await admin.create(topic, partitions);
      // Another `setup` was faster: then `cleanup` is its business.
      if (isMissing && !made) await home.forgetTopic(await topics.manifestName(topic));
      const counted = partitions === 1 ? "1 partition" : `${partitions} partitions`;
      log.info(`topic ${topic}: ${made ? `made, with ${counted}` : "was there already"}`);
    }
    const { group, topic } = settings;
    const table = openAdmin(settings.database, { group, topic }, holder, context);
    const made = await table.setup();
    for (const what of made) log.info(`made ${what}`);
    if (made.length === 0) log.info(`table movie_ratings in ${describeDatabase(settings.database)}: was there already`);
  } finally {
    await admin.close();
    lock.release();
  }
}
