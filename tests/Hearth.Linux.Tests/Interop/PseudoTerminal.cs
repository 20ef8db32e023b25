using System.Runtime.InteropServices;

namespace Hearth.Linux.Tests.Interop;

/// <summary>A terminal without a screen: what is written to one side is typed on the other (pty(7)).</summary>
internal sealed unsafe partial class PseudoTerminal : IDisposable
{
    private const int EchoFlag = 8;
    private const int LocalFlagsIndex = 3;

    public PseudoTerminal()
    {
        int near;
        int far;
        Assert.Equal(0, openpty(&near, &far, null, null, null));
        Near = new FileDescriptor(near);
        Far = new FileDescriptor(far);
    }

    /// <summary>The keyboard and screen.</summary>
    public FileDescriptor Near { get; }

    /// <summary>What a program has as its terminal.</summary>
    public FileDescriptor Far { get; }

    /// <summary>True while the terminal shows what is typed, as it does by default.</summary>
    public bool Echoes
    {
        get
        {
            uint* settings = stackalloc uint[16];
            Assert.Equal(0, tcgetattr(Far.Number, settings));
            return (settings[LocalFlagsIndex] & EchoFlag) != 0;
        }
    }

    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }

    [LibraryImport("libc")]
    private static partial int openpty(int* near, int* far, byte* name, void* settings, void* size);

    [LibraryImport("libc")]
    private static partial int tcgetattr(int fd, void* settings);
}
