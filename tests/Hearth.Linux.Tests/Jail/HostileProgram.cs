using System.Text.Json;
using Hearth.Linux.Jail;

namespace Hearth.Linux.Tests.Jail;

/// <summary>tests/Hearth.Hostile in a jail, and what it tells.</summary>
internal sealed class HostileProgram : IDisposable
{
    private const int PageLength = 4096;

    // As GivenNumber says.
    private const int Seal = 3;
    private const int Report = 4;
    private const int ReadOnlyFile = 5;
    private const int Counter = 6;
    private const int Socket = 7;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private readonly FileDescriptor _counter = FileDescriptor.CreateMemory("counter", PageLength);
    private readonly MappedMemory _counterMemory;
    private readonly FileDescriptor _report;
    private readonly List<byte> _read = [];

    private HostileProgram(JailHost host, JailUser? user, Func<JailRequest, JailRequest>? change, string[] arguments)
    {
        (_report, FileDescriptor writer) = FileDescriptor.CreateSocketPair();
        (Near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        _counterMemory = MappedMemory.Shared(_counter, PageLength);
        using (FileDescriptor file = FileDescriptor.Open(host.DataFile, FileAccessMode.Read))
        using (writer)
        using (far)
        {
            var request = new JailRequest
            {
                Program = host.Program,
                Arguments = ["hearth-hostile", .. arguments],
                Environment = [$"DOTNET_ROOT={JailHost.RuntimeFolder}", "DOTNET_EnableDiagnostics=0", "HEARTH_TEST=42"],
                Descriptors = [new(writer, Report), new(file, ReadOnlyFile), new(_counter, Counter), new(far, Socket)],
                SealNumber = Seal,
                RootFolder = host.RootFolder,
                User = user,
                Limits = new JailLimits { Descriptors = 256, Threads = 64 },
            };
            Jailed = GuestJail.Start(change is null ? request : change(request));
        }
    }

    public JailedProcess Jailed { get; }

    /// <summary>The test's end of the socket that the program is given.</summary>
    public FileDescriptor Near { get; }

    /// <summary>What a program that counts has counted so far.</summary>
    public unsafe long Count
    {
        // SAFETY: the mapping has a page, and lives as long as this.
        get => Volatile.Read(ref *(long*)_counterMemory.Address);
    }

    /// <param name="arguments">As HostileProcess takes them.</param>
    public static HostileProgram Start(JailHost host, params string[] arguments) => new(host, host.NextUser(), null, arguments);

    /// <inheritdoc cref="Start"/>
    public static HostileProgram StartWith(JailHost host, Func<JailRequest, JailRequest> change, params string[] arguments) => new(host, host.NextUser(), change, arguments);

    /// <summary>Waits until it has sealed itself.</summary>
    /// <returns>What it was told is in place.</returns>
    public JailLayers ReadSealed() => (JailLayers)ReadNumber();

    /// <summary>Waits for a line with a number.</summary>
    public int ReadNumber()
    {
        while (!_read.Contains((byte)'\n'))
            Assert.True(ReadMore(), "the program ended before it said what was waited for");
        int end = _read.IndexOf((byte)'\n');
        int number = JsonSerializer.Deserialize<int>(_read.ToArray().AsSpan(0, end));
        _read.RemoveRange(0, end + 1);
        return number;
    }

    /// <summary>What it reports until it ends.</summary>
    public T ReadReport<T>()
    {
        _ = ReadSealed();
        while (ReadMore())
        {
        }

        Assert.True(_read.Count > 0, "the program ended without a report");
        return JsonSerializer.Deserialize<T>(_read.ToArray())!;
    }

    /// <summary>Answers the program's bytes with the same.</summary>
    public void Echo()
    {
        var bytes = new byte[64];
        Near.Write(bytes.AsSpan(0, Near.Read(bytes)));
    }

    public void Dispose()
    {
        _ = Jailed.End();
        Jailed.Dispose();
        _report.Dispose();
        Near.Dispose();
        _counterMemory.Dispose();
        _counter.Dispose();
    }

    private bool ReadMore()
    {
        var bytes = new byte[1 << 16];
        Assert.True(Descriptors.WaitReadable(_report, s_limit), "the program says nothing");
        int count = _report.Read(bytes);
        _read.AddRange(bytes.AsSpan(0, count));
        return count > 0;
    }
}
