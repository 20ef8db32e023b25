using System.Globalization;
using Hearth.Linux.Jail;
using Hearth.Linux.Tests.Jail;

namespace Hearth.Linux.Tests;

public sealed class ExitPipeTests(JailHost host) : IClassFixture<JailHost>
{
    private const int Kill = 9;
    private const int Terminate = 15;
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void Pipe_ofAProcessThatLives_isOpen_andOnlyInAThreadOfItsOwn()
    {
        using ExitPipe pipe = ExitPipe.TryOpen()!;

        Assert.False(Descriptors.WaitReadable(pipe.Reader, s_moment));
        string name = LinkOf(pipe.Reader.Number.ToString(CultureInfo.InvariantCulture), "/proc/self/fd");
        Assert.StartsWith("pipe:", name, StringComparison.Ordinal);
        Assert.Equal(pipe.Reader.Number, Assert.Single(NumbersOf("/proc/self/fd", name)));
        string holder = Assert.Single(
            Directory.EnumerateDirectories("/proc/self/task"), task => NumbersOf($"{task}/fd", name) is [var only] && only != pipe.Reader.Number);
        _ = Assert.Single(Directory.EnumerateFileSystemEntries($"{holder}/fd"));
    }

    /// <summary>Also of one that signals come to: they are nothing for a thread that lacks the runtime's descriptors.</summary>
    [Fact]
    public void Pipe_ofAJailedProcessThatIsKilled_isAtItsEnd()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "who is not root cannot take another process's descriptor");
        using HostileProgram program = HostileProgram.Start(host, "sealed", "die");
        _ = program.ReadSealed();
        using var pipe = FileDescriptor.Open(string.Create(CultureInfo.InvariantCulture, $"/proc/{program.Jailed.Id}/fd/{program.ReadNumber()}"), FileAccessMode.Read);
        using var process = ProcessHandle.Open(program.Jailed.Id);
        for (int i = 0; i < 50; i++)
            Assert.True(process.TrySignal(Terminate));

        Assert.False(Descriptors.WaitReadable(pipe, s_moment));
        Assert.True(process.TrySignal(Kill));
        Assert.True(Descriptors.WaitReadable(pipe, s_patience));
        bool wasFirst = !process.WaitEnded(TimeSpan.Zero);
        Assert.True(process.WaitEnded(s_patience));
        TestContext.Current.SendDiagnosticMessage($"the pipe ended {(wasFirst ? "before" : "with")} the process");
    }

    private static int[] NumbersOf(string folder, string link) =>
        [.. FilesIn(folder).Where(file => LinkOf(file, folder) == link).Select(file => int.Parse(file, CultureInfo.InvariantCulture))];

    private static string[] FilesIn(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Select(file => Path.GetFileName(file)!)];
        }
        catch (DirectoryNotFoundException)
        {
            // A thread that has ended meanwhile.
            return [];
        }
    }

    private static string LinkOf(string file, string folder)
    {
        try
        {
            return Path.GetFileName(File.ResolveLinkTarget(Path.Combine(folder, file), returnFinalTarget: false)?.FullName ?? "");
        }
        catch (IOException)
        {
            // Closed meanwhile.
            return "";
        }
    }
}
