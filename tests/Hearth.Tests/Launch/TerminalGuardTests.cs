using Hearth.Launch;
using Hearth.Linux;
using Hearth.Linux.Tests.Interop;

namespace Hearth.Tests.Launch;

public sealed class TerminalGuardTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Guard_guestGoneWithoutAWord_restoresTheTerminal()
    {
        using var pty = new PseudoTerminal();
        FileDescriptor? guestEnd = TerminalGuard.Start(pty.Far);
        RawTerminal? raw = RawTerminal.TryEnter(pty.Far);
        bool echoesMeanwhile = pty.Echoes;

        guestEnd!.Dispose();

        Assert.NotNull(raw);
        Assert.False(echoesMeanwhile);
        Assert.True(SpinWait.SpinUntil(() => pty.Echoes, s_patience));
    }

    [Fact]
    public void Guard_guestSaysAllIsWell_endsWithoutTouchingTheTerminal()
    {
        using var pty = new PseudoTerminal();
        FileDescriptor? guestEnd = TerminalGuard.Start(pty.Far);
        using RawTerminal? raw = RawTerminal.TryEnter(pty.Far);

        guestEnd!.Write("restored\n"u8);
        int atEnd = guestEnd.Read(new byte[1]);

        // The guard has ended: its end is closed.
        Assert.Equal(0, atEnd);
        Assert.False(pty.Echoes);
        guestEnd.Dispose();
    }

    [Fact]
    public void Start_noTerminal_needsNoGuard()
    {
        using FileDescriptor file = FileDescriptor.CreateMemory("no terminal", 1);

        Assert.Null(TerminalGuard.Start(file));
    }
}
