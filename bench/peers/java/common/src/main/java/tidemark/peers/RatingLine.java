/**
 * A line of the ratings topic, {@code 2002-09-20,12725,1488844,3}, taken from its bytes without a string or an object:
 * one instance is filled again and again. Promises that what it accepts is four plain columns of Tidemark's contract.
 * Quotes, line ends and date-times, which Tidemark accepts as well, are left alone: neither the real data nor the
 * sample holds any, and a peer is the faster for it.
 */
package tidemark.peers;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.time.DateTimeException;
import java.time.LocalDate;

public final class RatingLine {
    private static final VarHandle EIGHT_BYTES =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int DATE_LENGTH = 10;
    /** The shortest line: {@code 2002-09-20,1,1,3}. */
    private static final int LENGTH_MIN = DATE_LENGTH + 6;
    private static final int RATING_MAX = 10;

    /** Days since 1970-01-01. */
    public int day;
    public int movie;
    public int rating;

    /** The date of the line before: in ordered data most lines have the same. */
    private long yearAndMonth;
    private int dayOfMonth = -1;

    /** False for a line that is no valid rating; the fields are of no use then. */
    public boolean read(byte[] line) {
        int length = line == null ? 0 : line.length;
        if (length < LENGTH_MIN || line[DATE_LENGTH] != ',' || !readDate(line)) return false;
        int at = DATE_LENGTH + 1;
        long number = 0;
        int digit;
        while (at < length && (digit = line[at] - '0') >= 0 && digit <= 9 && number <= Integer.MAX_VALUE) {
            number = number * 10 + digit;
            at++;
        }
        if (number == 0 || number > Integer.MAX_VALUE || line[DATE_LENGTH + 1] == '0') return false;
        if (at >= length || line[at] != ',') return false;
        int user = ++at;
        // Whatever sorts above the comma: no quote, no line end.
        while (at < length && (line[at] > ',' || line[at] < 0)) at++;
        if (at == user || at >= length || line[at] != ',') return false;
        int stars = line[at + 1 < length ? at + 1 : at] - '0';
        if (stars < 0 || stars > 9) return false;
        if (at + 2 != length) {
            if (at + 3 != length || stars != 1 || line[at + 2] != '0') return false;
            stars = RATING_MAX;
        }
        movie = (int) number;
        rating = stars;
        return true;
    }

    private boolean readDate(byte[] line) {
        long first = (long) EIGHT_BYTES.get(line, 0);
        int last = line[8] << 8 | line[9] & 0xff;
        if (first == yearAndMonth && last == dayOfMonth) return true;
        if (line[4] != '-' || line[7] != '-') return false;
        int year = digits(line, 0, 4);
        int month = digits(line, 5, 2);
        int dayNumber = digits(line, 8, 2);
        if (year < 1 || month < 1 || dayNumber < 1) return false;
        try {
            day = (int) LocalDate.of(year, month, dayNumber).toEpochDay();
        } catch (DateTimeException noSuchDay) {
            return false;
        }
        yearAndMonth = first;
        dayOfMonth = last;
        return true;
    }

    /** Negative where one is no digit. */
    private static int digits(byte[] line, int from, int count) {
        int number = 0;
        for (int at = from; at < from + count; at++) {
            int digit = line[at] - '0';
            if (digit < 0 || digit > 9) return -1;
            number = number * 10 + digit;
        }
        return number;
    }
}
