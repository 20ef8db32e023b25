using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Launch;

/// <summary>Opens the KVM device for <c>hearth-vm</c>, which opens nothing itself.</summary>
internal static class KvmHandover
{
    public const string Device = "/dev/kvm";

    /// <summary>Opens the device unless the software engine was asked for; that it does not open is not yet an error.</summary>
    /// <param name="keep">Takes the open device.</param>
    public static GuestConfiguration Open(GuestConfiguration configuration, Action<FileDescriptor> keep, string path = Device)
    {
        if (configuration.Engine == "software")
            return configuration;
        if (!File.Exists(path))
        {
            const string Causes = "the kernel has no KVM, the processor no virtualization, or the firmware has it switched off";
            return configuration with { KvmRefusal = new KvmRefusal(KvmObstacle.Missing, $"{path} is not there: {Causes}") };
        }

        try
        {
            var file = FileDescriptor.Open(path, FileAccessMode.ReadWrite);
            keep(file);
            return configuration with { Kvm = new OpenFile(file.Number, path) };
        }
        catch (LinuxException error)
        {
            return configuration with { KvmRefusal = Describe(error) };
        }
    }

    /// <summary>Why the device did not open, and what the user can do.</summary>
    internal static KvmRefusal Describe(LinuxException error) => error.IsDenied
        ? new KvmRefusal(KvmObstacle.NotAllowed, $"{error.Message}; where it belongs to a group kvm, \"sudo usermod -aG kvm {Environment.UserName}\" and a new login let you use it")
        : new KvmRefusal(KvmObstacle.DoesNotOpen, error.Message);
}
