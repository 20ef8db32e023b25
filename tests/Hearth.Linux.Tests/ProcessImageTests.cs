using System.Text;

namespace Hearth.Linux.Tests;

public sealed class ProcessImageTests
{
    [Fact]
    public void Spawn_withADescriptor_givesItToTheChildAlone()
    {
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();

        int process = ProcessImage.Spawn("/bin/sh", ["sh", "-c", $"echo heard >&{far.Number}; echo other >&{near.Number}"], far);
        far.Dispose();
        string heard = ReadToEnd(near);

        // The near end was closed in the child: nothing came back on it.
        Assert.Equal("heard\n", heard);
        ProcessImage.End(process);
        near.Dispose();
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

    private static string ReadToEnd(FileDescriptor from)
    {
        var text = new StringBuilder();
        var buffer = new byte[256];
        for (int count = from.Read(buffer); count > 0; count = from.Read(buffer))
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        return text.ToString();
    }
}
