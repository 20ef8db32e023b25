namespace Hearth.Proving;

/// <summary>The temporary folder of one proving ground, and what lies in it.</summary>
internal sealed class GroundFiles : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("hearth-ground-");

    public GroundFiles(string serialLog)
    {
        SerialLog = serialLog;
        Directory.CreateDirectory(Share);
    }

    public string SerialLog { get; }

    public string Kernel { get; set; } = "";

    public string Initramfs => this["initramfs.cpio"];

    public string QmpSocket => this["qmp"];

    public string AgentSocket => this["agent"];

    /// <summary>Shared with the machine for reading and writing, at the same path inside.</summary>
    public string Share => this["share"];

    public string Screen => this["screen.ppm"];

    private string this[string name] => Path.Combine(_directory.FullName, name);

    public void Dispose() => _directory.Delete(recursive: true);
}
