using System.Diagnostics;
using System.Text;
using Hearth.Linux.Tests.Interop;
using Hearth.Protocol;

namespace Hearth.Tests.Api;

/// <summary>A PIN that is typed at a terminal.</summary>
public sealed class PinEntryTests : IAsyncLifetime
{
    private readonly PseudoTerminal _terminal = new();
    private DaemonFixture _fixture = null!;

    private static CancellationToken End => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _fixture = await DaemonFixture.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        _terminal.Dispose();
    }

    [Fact]
    public async Task Pin_typedTwice_isTakenAndNeverShown()
    {
        using Process process = Start("person add Mum");
        await WaitForAsync(process, "New PIN of Mum: ");
        Assert.False(_terminal.Echoes);
        _terminal.Near.Write("12349\u007f\r"u8);
        await WaitForAsync(process, "Once more: ");
        _terminal.Near.Write("1234\r"u8);
        string output = await process.StandardOutput.ReadToEndAsync(End);
        await process.WaitForExitAsync(End);

        Assert.Equal((ExitCode.Success, true), (process.ExitCode, _terminal.Echoes));
        Assert.DoesNotContain("1234", output, StringComparison.Ordinal);
        Assert.Equal(200, (await _fixture.SendAsync("POST", "/v1/persons/Mum/check", """{ "pin": "1234" }""")).Status);
    }

    [Theory]
    [InlineData("1234\r", "1235\r", "the two PINs are not the same, and nothing was changed: try again")]
    [InlineData("1234\r", "\u0003", "no PIN was given, and nothing was changed")]
    public async Task Pin_notTypedTwice_changesNothing(string first, string second, string expected)
    {
        using Process process = Start("person add Mum");
        await WaitForAsync(process, "New PIN of Mum: ");
        _terminal.Near.Write(Encoding.UTF8.GetBytes(first));
        await WaitForAsync(process, "Once more: ");
        _terminal.Near.Write(Encoding.UTF8.GetBytes(second));
        string error = await process.StandardError.ReadToEndAsync(End);
        await process.WaitForExitAsync(End);

        Assert.Equal((ExitCode.Configuration, true), (process.ExitCode, _terminal.Echoes));
        Assert.Contains($"hearth: {expected}.", error, StringComparison.Ordinal);
        Assert.Equal(404, (await _fixture.SendAsync("GET", "/v1/persons/Mum")).Status);
    }

    /// <summary>Runs the command with the terminal as its standard input.</summary>
    private Process Start(string arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "hearth");
        var start = new ProcessStartInfo("/bin/sh", ["-c", $"exec {program} {arguments} < /proc/{Environment.ProcessId}/fd/{_terminal.Far.Number}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HEARTH_HOME"] = _fixture.Home.Path;
        return Process.Start(start)!;
    }

    private static async Task WaitForAsync(Process process, string prompt)
    {
        var said = new StringBuilder();
        var next = new char[1];
        while (!said.ToString().EndsWith(prompt, StringComparison.Ordinal) && await process.StandardError.ReadAsync(next, End) == 1)
            said.Append(next[0]);
        Assert.EndsWith(prompt, said.ToString(), StringComparison.Ordinal);
    }
}
