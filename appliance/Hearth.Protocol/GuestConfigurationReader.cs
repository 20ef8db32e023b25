using System.Text.Json;

namespace Hearth.Protocol;

/// <summary>Reads what <see cref="GuestConfigurationJson.Write"/> writes; see <see cref="JsonReading"/> for why not by the serializer. What is missing is as it is by default.</summary>
internal static class GuestConfigurationReader
{
    private const int NoDescriptor = -1;
    private static readonly OpenFile s_noFile = new(NoDescriptor, "");

    /// <exception cref="JsonException">It is malformed, or has what no configuration has.</exception>
    public static GuestConfiguration Read(ref Utf8JsonReader json) => json.ReadObject(new GuestConfiguration(), static (read, name, ref json) => name switch
    {
        nameof(GuestConfiguration.Version) => read with { Version = json.ReadInt32() },
        nameof(GuestConfiguration.Engine) => read with { Engine = json.ReadString() },
        nameof(GuestConfiguration.Kvm) => read with { Kvm = json.ReadOptional(ReadFile) },
        nameof(GuestConfiguration.KvmRefusal) => read with { KvmRefusal = json.ReadOptional(ReadRefusal) },
        nameof(GuestConfiguration.Memory) => read with { Memory = json.ReadUInt64() },
        nameof(GuestConfiguration.Cpus) => read with { Cpus = json.ReadInt32() },
        nameof(GuestConfiguration.CpuModel) => read with { CpuModel = json.ReadOptional(JsonReading.ReadString) },
        nameof(GuestConfiguration.Paravirtual) => read with { Paravirtual = json.ReadOptional(JsonReading.ReadString) },
        nameof(GuestConfiguration.Kernel) => read with { Kernel = json.ReadOptional(ReadFile) },
        nameof(GuestConfiguration.Initrd) => read with { Initrd = json.ReadOptional(ReadFile) },
        nameof(GuestConfiguration.CommandLine) => read with { CommandLine = json.ReadString() },
        nameof(GuestConfiguration.Modules) => read with { Modules = json.ReadArray(ReadModule) },
        nameof(GuestConfiguration.Disks) => read with { Disks = json.ReadArray(ReadDisk) },
        nameof(GuestConfiguration.CdRoms) => read with { CdRoms = json.ReadArray(ReadFile) },
        nameof(GuestConfiguration.Firmware) => read with { Firmware = json.ReadOptional(ReadFile) },
        nameof(GuestConfiguration.BootOrder) => read with { BootOrder = json.ReadArray(JsonReading.ReadString) },
        nameof(GuestConfiguration.BootMenu) => read with { BootMenu = json.ReadBoolean() },
        nameof(GuestConfiguration.FirmwareLog) => read with { FirmwareLog = json.ReadOptional(ReadSerial) },
        nameof(GuestConfiguration.Outputs) => read with { Outputs = json.ReadArray(ReadOutput) },
        nameof(GuestConfiguration.Networks) => read with { Networks = json.ReadArray(ReadNetwork) },
        nameof(GuestConfiguration.Serial) => read with { Serial = ReadSerial(ref json) },
        nameof(GuestConfiguration.Console) => read with { Console = json.ReadOptional(ReadSerial) },
        nameof(GuestConfiguration.Display) => read with { Display = json.ReadOptional(ReadDisplay) },
        nameof(GuestConfiguration.Sound) => read with { Sound = json.ReadOptional(ReadSound) },
        nameof(GuestConfiguration.Input) => read with { Input = ReadInput(ref json) },
        nameof(GuestConfiguration.TerminalGuard) => read with { TerminalGuard = json.ReadOptionalInt32() },
        nameof(GuestConfiguration.DebugExitPort) => read with { DebugExitPort = json.TryReadNull() ? null : json.ReadUInt16() },
        nameof(GuestConfiguration.ExitOnReset) => read with { ExitOnReset = json.ReadBoolean() },
        nameof(GuestConfiguration.EntropyDevice) => read with { EntropyDevice = json.ReadBoolean() },
        nameof(GuestConfiguration.Balloon) => read with { Balloon = json.TryReadNull() ? null : json.ReadUInt64() },
        nameof(GuestConfiguration.Watchdog) => read with { Watchdog = json.TryReadNull() ? null : (WatchdogAction)json.ReadInt32() },
        nameof(GuestConfiguration.Vsock) => read with { Vsock = json.ReadOptional(ReadVsock) },
        nameof(GuestConfiguration.Verbose) => read with { Verbose = json.ReadBoolean() },
        nameof(GuestConfiguration.Tier) => read with { Tier = json.ReadString() },
        nameof(GuestConfiguration.TranslationDirectory) => read with { TranslationDirectory = json.ReadOptional(JsonReading.ReadString) },
        nameof(GuestConfiguration.Statistics) => read with { Statistics = json.ReadBoolean() },
        nameof(GuestConfiguration.Restore) => read with { Restore = json.ReadOptional(ReadFile) },
        nameof(GuestConfiguration.Save) => read with { Save = json.ReadOptional(ReadSave) },
        nameof(GuestConfiguration.Hosting) => read with { Hosting = json.ReadOptional(ReadHosting) },
        _ => throw JsonReading.Unknown(name),
    });

    private static OpenFile ReadFile(ref Utf8JsonReader json) => json.ReadObject(s_noFile, static (read, name, ref json) => name switch
    {
        nameof(OpenFile.Descriptor) => read with { Descriptor = json.ReadInt32() },
        nameof(OpenFile.Name) => read with { Name = json.ReadString() },
        _ => throw JsonReading.Unknown(name),
    });

    private static KvmRefusal ReadRefusal(ref Utf8JsonReader json) => json.ReadObject(new KvmRefusal(default, ""), static (read, name, ref json) => name switch
    {
        nameof(KvmRefusal.Obstacle) => read with { Obstacle = (KvmObstacle)json.ReadInt32() },
        nameof(KvmRefusal.Reason) => read with { Reason = json.ReadString() },
        _ => throw JsonReading.Unknown(name),
    });

    private static ModuleConfiguration ReadModule(ref Utf8JsonReader json) => json.ReadObject(new ModuleConfiguration(s_noFile, ""), static (read, name, ref json) => name switch
    {
        nameof(ModuleConfiguration.File) => read with { File = ReadFile(ref json) },
        nameof(ModuleConfiguration.CommandLine) => read with { CommandLine = json.ReadString() },
        _ => throw JsonReading.Unknown(name),
    });

    private static DiskConfiguration ReadDisk(ref Utf8JsonReader json) => json.ReadObject(new DiskConfiguration(s_noFile, false), static (read, name, ref json) => name switch
    {
        nameof(DiskConfiguration.File) => read with { File = ReadFile(ref json) },
        nameof(DiskConfiguration.IsReadOnly) => read with { IsReadOnly = json.ReadBoolean() },
        nameof(DiskConfiguration.Bus) => read with { Bus = json.ReadString() },
        nameof(DiskConfiguration.Format) => read with { Format = json.ReadString() },
        nameof(DiskConfiguration.IsRecognised) => read with { IsRecognised = json.ReadBoolean() },
        nameof(DiskConfiguration.Backing) => read with { Backing = json.ReadArray(ReadBacking) },
        _ => throw JsonReading.Unknown(name),
    });

    private static BackingConfiguration ReadBacking(ref Utf8JsonReader json) => json.ReadObject(new BackingConfiguration(s_noFile, ""), static (read, name, ref json) => name switch
    {
        nameof(BackingConfiguration.File) => read with { File = ReadFile(ref json) },
        nameof(BackingConfiguration.Format) => read with { Format = json.ReadString() },
        _ => throw JsonReading.Unknown(name),
    });

    private static OutputFile ReadOutput(ref Utf8JsonReader json) => json.ReadObject(new OutputFile(NoDescriptor, null, ""), static (read, name, ref json) => name switch
    {
        nameof(OutputFile.Descriptor) => read with { Descriptor = json.ReadInt32() },
        nameof(OutputFile.Folder) => read with { Folder = json.ReadOptionalInt32() },
        nameof(OutputFile.Name) => read with { Name = json.ReadString() },
        _ => throw JsonReading.Unknown(name),
    });

    private static NetworkConfiguration ReadNetwork(ref Utf8JsonReader json) => json.ReadObject(new NetworkConfiguration(NoDescriptor, ""), static (read, name, ref json) => name switch
    {
        nameof(NetworkConfiguration.Descriptor) => read with { Descriptor = json.ReadInt32() },
        nameof(NetworkConfiguration.MacAddress) => read with { MacAddress = json.ReadString() },
        nameof(NetworkConfiguration.ProcessId) => read with { ProcessId = json.ReadInt32() },
        nameof(NetworkConfiguration.IsTap) => read with { IsTap = json.ReadBoolean() },
        _ => throw JsonReading.Unknown(name),
    });

    private static SerialConfiguration ReadSerial(ref Utf8JsonReader json) => json.ReadObject(new SerialConfiguration(null, null), static (read, name, ref json) => name switch
    {
        nameof(SerialConfiguration.Output) => read with { Output = json.ReadOptionalInt32() },
        nameof(SerialConfiguration.Input) => read with { Input = json.ReadOptionalInt32() },
        nameof(SerialConfiguration.Listener) => read with { Listener = json.ReadOptionalInt32() },
        _ => throw JsonReading.Unknown(name),
    });

    private static DisplayConfiguration ReadDisplay(ref Utf8JsonReader json) => json.ReadObject(new DisplayConfiguration("", NoDescriptor, []), static (read, name, ref json) => name switch
    {
        nameof(DisplayConfiguration.Card) => read with { Card = json.ReadString() },
        nameof(DisplayConfiguration.Wanted) => read with { Wanted = json.ReadInt32() },
        nameof(DisplayConfiguration.Scanouts) => read with { Scanouts = json.ReadArray(ReadScanout) },
        nameof(DisplayConfiguration.Firmware) => read with { Firmware = json.ReadOptional(ReadFile) },
        nameof(DisplayConfiguration.LastViewer) => read with { LastViewer = json.ReadOptionalInt32() },
        _ => throw JsonReading.Unknown(name),
    });

    private static ScanoutConfiguration ReadScanout(ref Utf8JsonReader json) => json.ReadObject(new ScanoutConfiguration(NoDescriptor, NoDescriptor, NoDescriptor), static (read, name, ref json) => name switch
    {
        nameof(ScanoutConfiguration.Picture) => read with { Picture = json.ReadInt32() },
        nameof(ScanoutConfiguration.Wish) => read with { Wish = json.ReadInt32() },
        nameof(ScanoutConfiguration.Ready) => read with { Ready = json.ReadInt32() },
        _ => throw JsonReading.Unknown(name),
    });

    private static SoundConfiguration ReadSound(ref Utf8JsonReader json) => json.ReadObject(new SoundConfiguration(null, null), static (read, name, ref json) => name switch
    {
        nameof(SoundConfiguration.Output) => read with { Output = json.ReadOptional(ReadFile) },
        nameof(SoundConfiguration.Microphone) => read with { Microphone = json.ReadOptional(ReadFile) },
        _ => throw JsonReading.Unknown(name),
    });

    private static InputConfiguration ReadInput(ref Utf8JsonReader json) => json.ReadObject(new InputConfiguration([], []), static (read, name, ref json) => name switch
    {
        nameof(InputConfiguration.Devices) => read with { Devices = json.ReadArray(ReadTarget) },
        nameof(InputConfiguration.Script) => read with { Script = json.ReadArray(ReadStep) },
        _ => throw JsonReading.Unknown(name),
    });

    private static InputTarget ReadTarget(ref Utf8JsonReader json) => (InputTarget)json.ReadInt32();

    private static InputStep ReadStep(ref Utf8JsonReader json) => json.ReadObject(new InputStep(0, default, []), static (read, name, ref json) => name switch
    {
        nameof(InputStep.Delay) => read with { Delay = json.ReadInt32() },
        nameof(InputStep.Target) => read with { Target = ReadTarget(ref json) },
        nameof(InputStep.Changes) => read with { Changes = json.ReadArray(ReadChange) },
        _ => throw JsonReading.Unknown(name),
    });

    private static InputChange ReadChange(ref Utf8JsonReader json) => json.ReadObject(new InputChange(), static (read, name, ref json) => name switch
    {
        nameof(InputChange.Type) => read with { Type = json.ReadUInt16() },
        nameof(InputChange.Code) => read with { Code = json.ReadUInt16() },
        nameof(InputChange.Value) => read with { Value = json.ReadInt32() },
        _ => throw JsonReading.Unknown(name),
    });

    private static VsockConfiguration ReadVsock(ref Utf8JsonReader json) => json.ReadObject(new VsockConfiguration(0, NoDescriptor, NoDescriptor, ""), static (read, name, ref json) => name switch
    {
        nameof(VsockConfiguration.Cid) => read with { Cid = json.ReadUInt32() },
        nameof(VsockConfiguration.Listener) => read with { Listener = json.ReadInt32() },
        nameof(VsockConfiguration.Folder) => read with { Folder = json.ReadInt32() },
        nameof(VsockConfiguration.Name) => read with { Name = json.ReadString() },
        _ => throw JsonReading.Unknown(name),
    });

    private static SaveConfiguration ReadSave(ref Utf8JsonReader json) => json.ReadObject(new SaveConfiguration(NoDescriptor, NoDescriptor, ""), static (read, name, ref json) => name switch
    {
        nameof(SaveConfiguration.Descriptor) => read with { Descriptor = json.ReadInt32() },
        nameof(SaveConfiguration.Directory) => read with { Directory = json.ReadInt32() },
        nameof(SaveConfiguration.Name) => read with { Name = json.ReadString() },
        _ => throw JsonReading.Unknown(name),
    });

    private static HostingConfiguration ReadHosting(ref Utf8JsonReader json) => json.ReadObject(new HostingConfiguration(NoDescriptor), static (read, name, ref json) => name switch
    {
        nameof(HostingConfiguration.Listener) => read with { Listener = json.ReadInt32() },
        nameof(HostingConfiguration.Machine) => read with { Machine = json.ReadOptional(ReadFile) },
        nameof(HostingConfiguration.Base) => read with { Base = json.ReadInt64() },
        nameof(HostingConfiguration.UserFaults) => read with { UserFaults = json.ReadOptionalInt32() },
        nameof(HostingConfiguration.Seal) => read with { Seal = json.ReadOptionalInt32() },
        _ => throw JsonReading.Unknown(name),
    });
}
