/**
 * One run of a peer: the settings that it was started with, as {@code name=value} arguments, and the moments that the
 * comparison asks for, printed as one line of JSON. Password and other secrets come by the environment.
 */
package tidemark.peers;

import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;

public final class Run {
    /** Written by whichever thread takes the first record; later calls must not move it. */
    private static volatile long firstRecordMs;

    private final Map<String, String> settings = new HashMap<>();

    public Run(String[] arguments) {
        for (String argument : arguments) {
            String[] nameAndValue = argument.split("=", 2);
            if (nameAndValue.length < 2) throw new IllegalArgumentException(argument + " is not name=value");
            settings.put(nameAndValue[0], nameAndValue[1]);
        }
    }

    public String text(String name) {
        String value = settings.get(name);
        if (value == null) throw new IllegalArgumentException(name + "=... is missing");
        return value;
    }

    public int number(String name) {
        return Integer.parseInt(text(name));
    }

    public double real(String name) {
        return Double.parseDouble(text(name));
    }

    public static String password() {
        return System.getenv("JDBC_PASSWORD");
    }

    /** To be called once, where a reader sees its first record. */
    public static synchronized void tookFirstRecord() {
        if (firstRecordMs == 0) firstRecordMs = System.currentTimeMillis();
    }

    /** With the moment at which all of the topic is committed: now. */
    public static void report() {
        long lastCommitMs = System.currentTimeMillis();
        long startMs = ManagementFactory.getRuntimeMXBean().getStartTime();
        System.out.printf(
                "{\"startMs\":%d,\"firstRecordMs\":%d,\"lastCommitMs\":%d}%n", startMs, firstRecordMs, lastCommitMs);
        System.out.flush();
    }
}
