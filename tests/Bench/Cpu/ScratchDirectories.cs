namespace Hearth.Bench.Cpu;

/// <summary>Folders that a comparison needs while it runs.</summary>
internal sealed class ScratchDirectories : IDisposable
{
    private const string Tmpfs = "/dev/shm";

    public ScratchDirectories()
    {
        Disk = Directory.CreateTempSubdirectory("hearth-bench-").FullName;
        Memory = Directory.Exists(Tmpfs) ? Path.Combine(Tmpfs, Path.GetFileName(Disk)) : Path.Combine(Disk, "memory");
        Directory.CreateDirectory(Memory);
    }

    /// <summary>For the guests' initramfs.</summary>
    public string Disk { get; }

    /// <summary>On the host's tmpfs, where the native run's files lie as a guest's lie in its own.</summary>
    public string Memory { get; }

    public void Dispose()
    {
        Directory.Delete(Memory, recursive: true);
        Directory.Delete(Disk, recursive: true);
    }
}
