namespace Hearth.Boot.Tests;

/// <summary>A guest that SeaBIOS starts, as arguments for <c>hearth vm run</c>.</summary>
internal sealed class FirmwareGuest : IDisposable
{
    private const int Mebibyte = 1 << 20;

    private readonly List<string> _arguments =
    [
        "vm", "run", .. TestEngine.Arguments, "--serial", "stdio", "--debug-exit", "--firmware", GuestAssets.SeaBios(),
    ];

    public ScratchDirectory Scratch { get; } = new();

    public IReadOnlyList<string> Arguments => _arguments;

    public FirmwareGuest With(params string[] arguments)
    {
        _arguments.AddRange(arguments);
        return this;
    }

    /// <summary>Adds a disk of 1 MiB.</summary>
    /// <param name="bus"><c>ide</c> or <c>virtio</c>.</param>
    public FirmwareGuest WithDisk(string bus, params byte[][] sectors)
    {
        byte[] content = [.. sectors.SelectMany(sector => sector)];
        Array.Resize(ref content, Mebibyte);
        return With("--disk", $"{Scratch.Write($"{bus}.img", content)},bus={bus}");
    }

    /// <summary>Adds a CD that starts without emulating a disk (El Torito 1.0).</summary>
    public FirmwareGuest WithCd(byte[] sector)
    {
        string folder = Directory.CreateDirectory(Scratch["cd"]).FullName;
        File.WriteAllBytes(Path.Combine(folder, "boot.bin"), sector);
        string image = Scratch["cd.iso"];
        GuestAssets.MakeIso("-quiet", "-o", image, "-b", "boot.bin", "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4", folder);
        return With("--cdrom", image);
    }

    public HearthOutcome Run() => HearthProcess.Run(_arguments);

    public HearthProcess Start() => HearthProcess.Start(_arguments);

    public void Dispose() => Scratch.Dispose();
}
