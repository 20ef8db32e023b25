namespace Hearth.Boot.Tests;

public sealed class GenerationTests
{
    private const string Forks = "dmesg | grep -c 'crng reseeded due to virtual machine fork'";

    /// <summary>Of one chain. The guest works through one after the other until it has been saved, however long that takes.</summary>
    private const int Rounds = 24;
    private const int MostChains = 100;

    /// <summary>Two guests that go on from one saved state must not give out the same random numbers.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Guest_thatGoesOnTwice_hasOtherRandomNumbersEachTime(int cpus)
    {
        // A guest whose random numbers have not begun has nothing to throw away; without RDRAND that takes a moment, and somebody who waits for it.
        string script = $"""
            head -c 1 /dev/random > /dev/null
            echo "before=$({Forks})"
            chains=0
            while [ $({Forks}) = 0 ] && [ $chains -lt {MostChains} ]; do
            {ChecksumChain.Script(Rounds)}
            chains=$((chains + 1))
            done
            echo "after=$({Forks})"
            echo "random=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' ')"
            """;
        using TestGuest guest = new TestGuest(GuestAssets.Kernel, script).WithCpus(cpus);
        string file = guest.Scratch["saved"];
        using HearthProcess process = HearthProcess.Start([.. guest.Arguments, "--save", file]);
        process.WaitForText("round 1 on 0");
        process.Save();
        HearthOutcome saved = process.WaitForExit();
        Assert.True(File.Exists(file), $"the guest was not saved before it ended\n{saved.Console}\n{saved.Error}");

        HearthOutcome first = HearthProcess.Run([.. guest.Arguments, "--restore", file]).AssertPoweredOff();
        HearthOutcome second = HearthProcess.Run([.. guest.Arguments, "--restore", file]).AssertPoweredOff();

        Assert.Equal(("0", "1", "1"), (saved.Value("before"), first.Value("after"), second.Value("after")));
        Assert.NotEqual(first.Value("random"), second.Value("random"));
        Assert.All([first, second], outcome => Assert.Equal(ChecksumChain.Sum(Rounds), outcome.Value("sums")));
    }
}
