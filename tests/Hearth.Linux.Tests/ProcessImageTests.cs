using System.Globalization;

namespace Hearth.Linux.Tests;

public sealed class ProcessImageTests
{
    [Fact]
    public void Spawn_withADescriptor_givesItToTheChildAlone()
    {
        string list = Path.GetTempFileName();
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        string number = far.Number.ToString(CultureInfo.InvariantCulture);
        string other = near.Number.ToString(CultureInfo.InvariantCulture);

        int process = ProcessImage.Spawn("/bin/sh", ["sh", "-c", $"ls /proc/self/fd > {list}"], far);
        far.Dispose();
        int atEnd = near.Read(new byte[1]);
        string[] open = File.ReadAllLines(list);

        // Only the child had the far end: when it was gone, the near end read its end.
        Assert.Equal(0, atEnd);
        Assert.Contains(number, open);
        Assert.DoesNotContain(other, open);
        ProcessImage.End(process);
        near.Dispose();
        File.Delete(list);
    }

    [Fact]
    public void Spawn_missingProgram_saysWhich()
    {
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();

        var error = Assert.Throws<LinuxException>(() => ProcessImage.Spawn("/nonexistent/program", ["program"], far));

        Assert.Equal("cannot start /nonexistent/program: No such file or directory", error.Message);
        near.Dispose();
        far.Dispose();
    }

    [Fact]
    public void Execute_missingProgram_leavesThisProcessRunning()
    {
        var error = Assert.Throws<LinuxException>(() => ProcessImage.Execute("/nonexistent/program", ["program"]));

        Assert.StartsWith("cannot execute /nonexistent/program", error.Message, StringComparison.Ordinal);
    }
}
