namespace Hearth.Supervisor.Tests;

/// <summary>A guest that counts, and writes each number to its disk before it says so. A disk that is not of the same instant as its memory has a number that it must not have.</summary>
internal static class DiskLog
{
    /// <summary>Blocks that are written in turn.</summary>
    public const int Blocks = 64;

    /// <summary>Waits until a guest has gone through all blocks.</summary>
    /// <returns>What it has written so far.</returns>
    public static Task<string> WaitAsync(TestHouse house, int guest) =>
        house.ReadUntilAsync(guest, read => read.Split("n=").Length > Blocks + 16, $"{Blocks + 16} numbers");

    /// <summary>Writes <c>n=</c> and the number, for ever, and <c>wrong</c> with what is wrong.</summary>
    public static string Script(int last = 1_000_000) => FormattableString.Invariant($$"""
        n=1
        while [ $n -le {{last}} ]; do
            found=$(dd if=/dev/vda bs=4096 skip=$((n % {{Blocks}})) count=1 iflag=direct 2> /dev/null | tr -d '\0')
            before=$((n - {{Blocks}}))
            if [ $before -le 0 ]; then before=; fi
            if [ "$found" != "$before" ]; then echo "wrong: $found and not $before before $n"; fi
            printf %d $n > /tmp/n
            truncate -s 4096 /tmp/n
            dd if=/tmp/n of=/dev/vda bs=4096 seek=$((n % {{Blocks}})) conv=notrunc,fsync 2> /dev/null
            echo "n=$n."
            n=$((n + 1))
        done
        """);
}
