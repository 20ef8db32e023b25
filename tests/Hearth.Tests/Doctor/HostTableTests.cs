using System.Text.Json;
using Hearth.Doctor;
using Hearth.Doctor.Facts;
using Hearth.Protocol;

namespace Hearth.Tests.Doctor;

/// <summary>Both forms of one PC's facts.</summary>
public sealed class HostTableTests
{
    private static readonly HostFacts s_facts = new()
    {
        Engine = new EngineFacts(
            "software",
            "Guests run on the software engine: KVM is slow.",
            "x86-64-v2",
            new KvmReport(new KvmRefusal(KvmObstacle.TooSlow, "KVM is slow"), 512_345, 48.2),
            [new ModelReport("x86-64-v2", [], ["aes"]), new ModelReport("x86-64-v3", ["avx2"], ["aes", "avx", "avx2"])]),
        Processor = new ProcessorFacts("A \"quoted\" model", "AuthenticAMD", 1, 4, 8, "AMD-V", false, ["fpu", "avx2"], null),
        Virtualization = new VirtualizationFacts(["kvm", "kvm_amd"], ["ivhd0"], 14),
        Isolation = new IsolationFacts(["namespaces", "an empty root"], ["there is no bound of memory"]),
        Memory = new MemoryFacts(16L << 30, 1L << 30, 8L << 30, 2L << 30, 1L << 30, [new HugePagePool(2 << 20, 512, 500)], "madvise", null),
        Displays = new Found<GraphicsCard>([new GraphicsCard("card0", "amdgpu", "1002:15d8", [new Connector("HDMI-A-1", "connected", "2560x1440")])], null),
        Sound = new Found<SoundCard>([], "no sound card has a driver"),
        Input = new Found<InputDevice>([new InputDevice(InputKind.Keyboard, "Tastatur für Ünï", null, "event0")], null),
        Usb = new Found<UsbDevice>([new UsbDevice("1-4", "046d:c52b", "Logitech", "Receiver", "12")], null),
        Network = new NetworkFacts(null, null, "passt is not in $PATH", [new NetworkInterface("enp3s0", "up", "r8169")]),
        Versions = new VersionFacts("1.0.0", ".NET 10.0.0", "6.1.0", "Debian"),
    };

    [Fact]
    public void Table_aDesktop_isPlainAlignedText()
    {
        const string Expected =
            """
            Guests run on the software engine: KVM is slow.

            Processor
              model             A "quoted" model (AuthenticAMD)
              threads           8 (4 cores, 1 socket)
              features          avx2 (of 2; --json has all)

            Virtualization
              processor         AMD-V
              KVM               not taken, for the reason above
              KVM's trial       0.5 million rounds of a loop a second, found out in 48 ms
              KVM in the kernel kvm, kvm_amd
              IOMMU             ivhd0 with 14 groups of devices
              guests' CPU model x86-64-v2, unless --cpu-model names another
              x86-64-v2         software engine: yes; KVM: no (aes missing)
              x86-64-v3         software engine: no (avx2 missing); KVM: no (avx, avx2 missing, too)

            Isolation of guests
              in place          namespaces, an empty root
              lacking           there is no bound of memory

            Memory
              available         8 GiB of 16 GiB
              swap              1 GiB free of 2 GiB
              huge pages        500 free of 512 of 2 MiB; transparent ones: madvise

            Displays
              card0             amdgpu, 1002:15d8
                HDMI-A-1        connected, 2560x1440

            Sound
              none              no sound card has a driver

            Input
              keyboard          Tastatur für Ünï

            USB
              1-4               046d:c52b Logitech Receiver, 12 Mbit/s

            Network
              passt             passt is not in $PATH
              enp3s0            up, r8169

            Versions
              Hearth            1.0.0
              .NET              .NET 10.0.0
              kernel            6.1.0
              distribution      Debian

            """;

        Assert.Equal(Expected, HostTable.Write(s_facts, width: null));
    }

    [Fact]
    public void Table_aUserWhoMayNotOpenKvm_isToldWhatHelps()
    {
        var refusal = new KvmRefusal(KvmObstacle.NotAllowed, "/dev/kvm: Permission denied");

        string table = HostTable.Write(s_facts with { Engine = s_facts.Engine with { Kvm = new KvmReport(refusal, 0, 0) } }, width: null);

        Assert.Contains("for the reason above; on most distributions `usermod -aG kvm USER`", table, StringComparison.Ordinal);
        Assert.DoesNotContain("trial", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Table_onAScreen_isNoWider() => Assert.DoesNotContain(HostTable.Write(s_facts, 60).Split('\n'), line => line.Length > 60);

    [Fact]
    public void Table_knowingNothing_stillHasEverySection()
    {
        HostFacts nothing = s_facts with
        {
            Engine = new EngineFacts(null, "It is not known on what guests run here: x.", null, null, []),
            Processor = new ProcessorFacts(null, null, 0, 0, 0, null, false, [], "nothing is known of the processor"),
            Virtualization = new VirtualizationFacts([], [], 0),
            Memory = new MemoryFacts(null, null, null, null, null, [], null, "nothing is known of memory"),
            Displays = new Found<GraphicsCard>([], "none"),
            Versions = new VersionFacts("1.0.0", ".NET 10.0.0", null, null),
        };

        string table = HostTable.Write(nothing, width: null);

        Assert.Contains("  problem           nothing is known of the processor\n", table, StringComparison.Ordinal);
        Assert.Contains("  kernel            not known\n", table, StringComparison.Ordinal);
        Assert.Equal(10, table.Split('\n').Count(line => line.Length > 0 && line[0] != ' ') - 1);
    }

    [Fact]
    public void Json_aDesktop_hasStableNames()
    {
        using var json = JsonDocument.Parse(HostFactsJson.Write(s_facts));
        JsonElement root = json.RootElement;

        Assert.Equal(1, root.GetProperty("version").GetInt32());
        Assert.Equal(
            ["version", "engine", "processor", "virtualization", "isolation", "memory", "displays", "sound", "input", "usb", "network", "versions"],
            root.EnumerateObject().Select(property => property.Name));
        Assert.Equal("software", root.GetProperty("engine").GetProperty("auto").GetString());
        Assert.Equal("tooSlow", root.GetProperty("engine").GetProperty("kvm").GetProperty("refusal").GetProperty("obstacle").GetString());
        Assert.Equal("avx2", root.GetProperty("engine").GetProperty("models")[1].GetProperty("softwareMissing")[0].GetString());
        Assert.Equal("keyboard", root.GetProperty("input").GetProperty("devices")[0].GetProperty("kind").GetString());
        Assert.Equal(16L << 30, root.GetProperty("memory").GetProperty("total").GetInt64());
        Assert.Equal("no sound card has a driver", root.GetProperty("sound").GetProperty("note").GetString());
    }
}
