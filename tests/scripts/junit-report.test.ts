/** The closing line of `npm test` counts what the runner reported, and what it left out. */
import { expect, test } from "bun:test";
import { closingLine, countReport } from "../../scripts/junit-report.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="5" failures="1" skipped="1">
  <testsuite name="tests/a.test.ts" file="tests/a.test.ts" tests="5">
    <testcase name="ok &lt;testcase&gt;" classname="" time="0" file="tests/a.test.ts" line="2" assertions="0" />
    <testcase name="left out" classname="" time="0" file="tests/a.test.ts" line="2" assertions="0">
      <skipped />
    </testcase>
    <testsuite name="inner" file="tests/a.test.ts" line="3" tests="2">
      <testcase name="x" classname="inner" time="0" file="tests/a.test.ts" line="3" assertions="0" />
      <testcase name="y" classname="inner" time="0" file="tests/a.test.ts" line="3" assertions="0">
        <failure type="Error" message="boom">Error: boom&#10;</failure>
      </testcase>
    </testsuite>
  </testsuite>
  <testsuite name="tests/crash.test.ts" file="tests/crash.test.ts" tests="1">
    <testcase name="(worker crashed)" classname="" time="0" file="tests/crash.test.ts" assertions="0">
      <failure type="Error" message="worker process crashed before reporting results" />
    </testcase>
  </testsuite>
</testsuites>
`;

test("passed, failed and skipped tests are counted", () => {
  const counts = countReport(REPORT, ["tests/a.test.ts", "tests/crash.test.ts"]);
  expect(counts).toEqual({ passed: 2, failed: 2, skipped: 1, missing: [] });
  expect(closingLine(counts)).toBe("2 passed, 2 failed, 1 skipped");
});

test("a file that is not in the report has failed", () => {
  const counts = countReport(REPORT, ["tests/a.test.ts", "tests/b.test.ts", "tests/crash.test.ts"]);
  expect(counts).toMatchObject({ failed: 3, missing: ["tests/b.test.ts"] });
});

test("without a report all files have failed", () => {
  const counts = countReport("", ["tests/a.test.ts", "tests/b.test.ts"]);
  expect(closingLine(counts)).toBe("0 passed, 2 failed");
});
