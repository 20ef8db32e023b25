using System.Globalization;
using Hearth.Doctor.Facts;
using Hearth.Protocol;

namespace Hearth.Doctor;

/// <summary>Writes the facts for people: the conclusion first, then a section for everything that was looked at.</summary>
internal sealed class HostTable
{
    // Those that decide what guests can do and how fast; the list of all fills a screen.
    private static readonly string[] s_notableFeatures =
    [
        "sse4_2", "avx", "avx2", "avx512f", "fma", "bmi1", "bmi2", "adx", "aes", "pclmulqdq", "sha_ni", "rdrand", "rdseed", "xsave", "fsgsbase", "pcid",
        "invpcid", "smep", "smap", "umip", "pdpe1gb", "constant_tsc", "nonstop_tsc", "x2apic", "svm", "npt", "avic", "vmx", "ept", "vpid", "hypervisor",
    ];

    private readonly TableText _text;

    private HostTable(int? width) => _text = new TableText(width);

    /// <param name="width">Columns of the screen; null for one line a fact.</param>
    public static string Write(HostFacts facts, int? width)
    {
        var table = new HostTable(width);
        table._text.Paragraph(facts.Engine.Conclusion);
        table.WriteProcessor(facts.Processor);
        table.WriteVirtualization(facts);
        table.WriteIsolation(facts.Isolation);
        table.WriteMemory(facts.Memory);
        table.WriteDisplays(facts.Displays);
        table.WriteDevices("Sound", facts.Sound, card => ($"card {card.Number}", Join(", ", card.Name ?? card.Id, card.Driver)));
        table.WriteDevices("Input", facts.Input, device => (device.Kind.ToString().ToLowerInvariant(), Join(", ", device.Name, device.Path)));
        table.WriteDevices("USB", facts.Usb, device => (device.Port, Describe(device)));
        table.WriteNetwork(facts.Network);
        table.WriteVersions(facts.Versions);
        return table._text.ToString();
    }

    private void WriteProcessor(ProcessorFacts processor)
    {
        _text.Section("Processor");
        if (processor.Note is not null)
            _text.Row("problem", processor.Note);
        if (processor.Threads == 0)
            return;
        _text.Row("model", processor.Vendor is null ? processor.Model : $"{processor.Model} ({processor.Vendor})");
        _text.Row("threads", Invariant($"{processor.Threads} ({Count(processor.Cores, "core")}, {Count(processor.Sockets, "socket")})"));
        IEnumerable<string> notable = s_notableFeatures.Where(processor.Features.Contains);
        _text.Row("features", $"{string.Join(' ', notable)} (of {processor.Features.Count}; --json has all)");
    }

    private void WriteIsolation(IsolationFacts isolation)
    {
        _text.Section("Isolation of guests");
        _text.Row("in place", isolation.Layers.Count == 0 ? "nothing" : string.Join(", ", isolation.Layers));
        foreach (string sentence in isolation.Lacking)
            _text.Row("lacking", sentence);
    }

    private void WriteVirtualization(HostFacts facts)
    {
        _text.Section("Virtualization");
        _text.Row("processor", (facts.Processor.Virtualization, facts.Processor.IsVirtual) switch
        {
            ({ } name, false) => name,
            ({ } name, true) => $"{name}, in a virtual machine",
            (null, false) => "shows neither AMD-V nor VT-x: it has none, or the firmware has it switched off",
            (null, true) => "shows neither AMD-V nor VT-x: this host is a virtual machine that was given none",
        });
        if (facts.Engine.Kvm is { } kvm)
        {
            _text.Row("KVM", Describe(kvm.Refusal, facts.Engine.Auto is not null));
            if (kvm.RoundsPerSecond > 0)
                _text.Row("KVM's trial", Invariant($"{kvm.RoundsPerSecond / 1e6:F1} million rounds of a loop a second, found out in {kvm.TrialMilliseconds:F0} ms"));
        }

        _text.Row("KVM in the kernel", facts.Virtualization.KvmModules.Count == 0 ? "none" : string.Join(", ", facts.Virtualization.KvmModules));
        _text.Row("IOMMU", facts.Virtualization.Iommus.Count == 0 && facts.Virtualization.IommuGroups == 0
            ? "none, or it is switched off: devices cannot be handed to guests"
            : $"{Join(", ", [.. facts.Virtualization.Iommus])} with {Count(facts.Virtualization.IommuGroups, "group")} of devices");
        WriteModels(facts.Engine);
    }

    private void WriteModels(EngineFacts engine)
    {
        if (engine.DefaultModel is { } name)
            _text.Row("guests' CPU model", $"{name}, unless --cpu-model names another");
        ModelReport? plainer = null;
        foreach (ModelReport model in engine.Models)
        {
            string kvm = model.KvmMissing is null ? "not known" : Missing(model.KvmMissing, plainer?.KvmMissing);
            _text.Row(model.Name, $"software engine: {Missing(model.SoftwareMissing, plainer?.SoftwareMissing)}; KVM: {kvm}");
            plainer = model;
        }
    }

    private void WriteMemory(MemoryFacts memory)
    {
        _text.Section("Memory");
        if (memory.Note is not null)
        {
            _text.Row("problem", memory.Note);
            return;
        }

        _text.Row("available", $"{ByteCount.Write(memory.Available ?? memory.Free)} of {ByteCount.Write(memory.Total)}");
        _text.Row("swap", memory.SwapTotal == 0 ? "none" : $"{ByteCount.Write(memory.SwapFree)} free of {ByteCount.Write(memory.SwapTotal)}");
        HugePagePool[] pools = [.. memory.HugePages.Where(pool => pool.Total > 0)];
        string setAside = string.Join(", ", pools.Select(pool => $"{pool.Free} free of {pool.Total} of {ByteCount.Write(pool.Size)}"));
        _text.Row("huge pages", $"{(pools.Length == 0 ? "none set aside" : setAside)}; transparent ones: {memory.TransparentHugePages ?? "not known"}");
    }

    private void WriteDisplays(Found<GraphicsCard> displays)
    {
        WriteDevices("Displays", displays, card => (card.Name, Join(", ", card.Driver ?? "no driver named", card.Id)), card =>
        {
            foreach (Connector connector in card.Connectors)
                _text.Row($"  {connector.Name}", Join(", ", connector.Status ?? "not known", connector.Mode));
        });
    }

    private void WriteNetwork(NetworkFacts network)
    {
        _text.Section("Network");
        _text.Row("passt", Join(", ", network.Passt, network.PasstVersion, network.PasstProblem));
        foreach (NetworkInterface each in network.Interfaces)
            _text.Row(each.Name, Join(", ", each.State, each.Driver));
    }

    private void WriteVersions(VersionFacts versions)
    {
        _text.Section("Versions");
        _text.Row("Hearth", versions.Hearth);
        _text.Row(".NET", versions.Runtime);
        _text.Row("kernel", versions.Kernel);
        _text.Row("distribution", versions.Distribution);
    }

    private void WriteDevices<T>(string title, Found<T> found, Func<T, (string Label, string Value)> describe, Action<T>? more = null)
    {
        _text.Section(title);
        if (found.Note is not null)
            _text.Row(found.Devices.Count == 0 ? "none" : "problem", found.Note);
        foreach (T device in found.Devices)
        {
            (string label, string value) = describe(device);
            _text.Row(label, value);
            more?.Invoke(device);
        }
    }

    /// <param name="isToldAbove">The conclusion has the reason.</param>
    private static string Describe(KvmRefusal? refusal, bool isToldAbove)
    {
        const string Remedy = "; on most distributions `usermod -aG kvm USER` allows it to a user";
        return refusal is null
            ? "taken"
            : $"not taken{(isToldAbove ? ", for the reason above" : $": {refusal.Reason}")}{(refusal.Obstacle == KvmObstacle.NotAllowed ? Remedy : "")}";
    }

    /// <param name="plainer">What is missing of the model before, whose features this one has, too; they are not named again.</param>
    private static string Missing(IReadOnlyList<string> features, IReadOnlyList<string>? plainer)
    {
        string[] others = [.. features.Except(plainer ?? [])];
        return features.Count == 0 ? "yes" : others.Length == 0 ? "no" : $"no ({string.Join(", ", others)} missing{(others.Length < features.Count ? ", too" : "")})";
    }

    private static string Describe(UsbDevice device) =>
        Join(", ", Join(" ", device.Id, device.Manufacturer, device.Product), device.Speed is null ? null : $"{device.Speed} Mbit/s");

    private static string Join(string separator, params string?[] parts) => string.Join(separator, parts.Where(part => !string.IsNullOrEmpty(part)));

    private static string Count(int number, string thing) => Invariant($"{number} {thing}{(number == 1 ? "" : "s")}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
