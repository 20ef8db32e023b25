namespace Hearth.Bench.Cpu;

/// <summary>A folder of the host's tmpfs, where the native run's files lie as a guest's lie in its own.</summary>
internal sealed class SharedMemoryDirectory : IDisposable
{
    private const string Tmpfs = "/dev/shm";

    public SharedMemoryDirectory()
    {
        string parent = Directory.Exists(Tmpfs) ? Tmpfs : System.IO.Path.GetTempPath();
        Path = System.IO.Path.Combine(parent, $"hearth-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
