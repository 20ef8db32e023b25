using Hearth.Doctor.Facts;
using Hearth.Doctor.Reading;
using Hearth.Launch;

namespace Hearth.Doctor;

/// <summary>Gathers everything there is to tell of this host.</summary>
internal static class HostInspection
{
    public static HostFacts Run()
    {
        var tree = new HostTree();
        ProcessorFacts processor = ProcessorReader.Read(tree);
        return new HostFacts
        {
            Engine = EngineInquiry.Ask(processor, GuestProgram.Path, EngineInquiry.Patience),
            Processor = processor,
            Virtualization = VirtualizationReader.Read(tree),
            Isolation = IsolationInquiry.Ask(GuestProgram.Path, EngineInquiry.Patience),
            Memory = MemoryReader.Read(tree),
            Displays = DisplayReader.Read(tree),
            Sound = SoundReader.Read(tree),
            Input = InputReader.Read(tree),
            Usb = UsbReader.Read(tree),
            Network = NetworkReader.Read(tree, Passt.Find()),
            Versions = VersionReader.Read(tree),
        };
    }
}
