using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Hearth.Boot.Tests;

/// <summary>Work for every processor of a guest: a vCPU that lost a register, or was not restored at all, would not end with the right sum.</summary>
internal static class ChecksumChain
{
    /// <summary>
    /// As a rule: a guest goes on while it is saved, and is not to end meanwhile. $HEARTH_TEST_ROUNDS, where to save takes longer beside what guests do.
    /// </summary>
    public static int Rounds { get; } = int.Parse(Environment.GetEnvironmentVariable("HEARTH_TEST_ROUNDS") ?? "144", CultureInfo.InvariantCulture);

    private const int Length = 150_000;

    /// <summary>Writes <c>processors=</c>, then <c>round N on CPU</c> as it goes, and <c>sums=</c>, of which there is one where all went well.</summary>
    /// <param name="rounds">null for <see cref="Rounds"/>.</param>
    public static string Script(int? rounds = null) => string.Create(CultureInfo.InvariantCulture, $$"""
        echo "processors=$(nproc)"
        work() {
            sum=
            round=1
            while [ $round -le {{rounds ?? Rounds}} ]; do
                sum=$({ echo "$sum"; head -c {{Length}} /dev/zero; } | sha256sum | cut -c 1-64)
                echo "round $round on $1"
                round=$((round + 1))
            done
            echo "$sum" > /tmp/sum$1
        }
        cpu=0
        while [ $cpu -lt $(nproc) ]; do
            work $cpu &
            taskset -p $(printf %x $((1 << cpu))) $! > /dev/null
            cpu=$((cpu + 1))
        done
        wait
        echo "sums=$(cat /tmp/sum* | sort -u)"
        """);

    /// <summary>What <c>sums=</c> must have.</summary>
    /// <inheritdoc cref="Script"/>
    public static string Sum(int? rounds = null)
    {
        string sum = "";
        for (int round = 0; round < (rounds ?? Rounds); round++)
            sum = Convert.ToHexStringLower(SHA256.HashData([.. Encoding.ASCII.GetBytes(sum + '\n'), .. new byte[Length]]));
        return sum;
    }
}
