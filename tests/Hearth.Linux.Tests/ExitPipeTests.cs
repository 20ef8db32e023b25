using System.Diagnostics;
using System.Globalization;

namespace Hearth.Linux.Tests;

public sealed class ExitPipeTests
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(200);

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

    /// <summary>Processes that this one starts have no part of it: theirs may go on.</summary>
    [Fact]
    public void Pipe_isNotInAProcessThatIsStarted()
    {
        using ExitPipe pipe = ExitPipe.TryOpen()!;
        string name = LinkOf(pipe.Reader.Number.ToString(CultureInfo.InvariantCulture), "/proc/self/fd");
        using Process sleeper = Process.Start("sleep", "1000");
        try
        {
            Assert.Empty(NumbersOf($"/proc/{sleeper.Id}/fd", name));
        }
        finally
        {
            sleeper.Kill();
            sleeper.WaitForExit();
        }
    }

    private static int[] NumbersOf(string folder, string link) =>
        [.. Directory.EnumerateFileSystemEntries(folder).Select(file => Path.GetFileName(file)).Where(file => LinkOf(file, folder) == link).Select(file => int.Parse(file, CultureInfo.InvariantCulture))];

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
