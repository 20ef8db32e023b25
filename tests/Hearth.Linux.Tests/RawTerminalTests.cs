using Hearth.Linux.Tests.Interop;

namespace Hearth.Linux.Tests;

public sealed class RawTerminalTests
{
    [Fact]
    public void TryEnter_terminal_isRawUntilDisposed()
    {
        using var pty = new PseudoTerminal();

        RawTerminal? raw = RawTerminal.TryEnter(pty.Far);
        bool echoesMeanwhile = pty.Echoes;
        raw?.Dispose();

        Assert.NotNull(raw);
        Assert.False(echoesMeanwhile);
        Assert.True(pty.Echoes);
    }

    [Fact]
    public void Width_terminalWithoutASize_isNotKnown()
    {
        using var pty = new PseudoTerminal();
        using FileDescriptor file = FileDescriptor.CreateMemory("no terminal", 1);

        Assert.Null(TerminalScreen.Width(pty.Far));
        Assert.Null(TerminalScreen.Width(file));
    }

    [Fact]
    public void Read_rawTerminal_givesControlKeysAsBytes()
    {
        using var pty = new PseudoTerminal();
        using RawTerminal? raw = RawTerminal.TryEnter(pty.Far);
        var typed = new byte[8];

        pty.Near.Write([3, 26, (byte)'x']);
        int count = pty.Far.Read(typed);

        Assert.Equal([3, 26, (byte)'x'], typed[..count]);
    }

    [Fact]
    public void Continue_afterRestore_leavesTheTerminalAlone()
    {
        using var pty = new PseudoTerminal();
        RawTerminal? raw = RawTerminal.TryEnter(pty.Far);
        raw!.Restore();

        raw.Continue();

        Assert.True(pty.Echoes);
    }

    [Fact]
    public void Describe_terminal_isWhatSttySays()
    {
        using var pty = new PseudoTerminal();
        string file = Path.GetTempFileName();
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        int process = ProcessImage.Spawn("/bin/sh", ["sh", "-c", $"stty -g > {file}"], far, input: pty.Far);
        far.Dispose();
        near.Read(new byte[1]);

        Assert.Equal(File.ReadAllText(file).TrimEnd(), RawTerminal.Describe(pty.Far));
        ProcessImage.End(process);
        near.Dispose();
        File.Delete(file);
    }

    [Fact]
    public void TryEnter_noTerminal_isNull()
    {
        using FileDescriptor file = FileDescriptor.CreateMemory("no terminal", 1);

        Assert.Null(RawTerminal.TryEnter(file));
    }
}
