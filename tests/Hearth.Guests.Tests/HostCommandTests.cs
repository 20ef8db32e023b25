namespace Hearth.Guests.Tests;

public sealed class HostCommandTests
{
    [Fact]
    public void Program_thatIsMissing_isNamedInOneSentence()
    {
        var error = Assert.Throws<GuestsException>(() => HostCommand.Run("hearth-no-such-program", []));

        Assert.Contains("hearth-no-such-program", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Program_thatFails_isQuotedWithItsLastWords()
    {
        var error = Assert.Throws<GuestsException>(() => HostCommand.Require("sh", ["-c", "echo first >&2; echo last words >&2; exit 7"]));

        Assert.Equal("sh failed with exit code 7: last words", error.Message);
    }

    [Fact]
    public void Program_runs_inTheFolderItIsGiven() => Assert.Equal("/\n", HostCommand.Require("pwd", [], "/"));

    [Fact]
    public void Find_ofAMissingProgram_isNull() => Assert.Null(HostCommand.Find("hearth-no-such-program"));
}
