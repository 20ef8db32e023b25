using Hearth.Linux;

namespace Hearth.Cpu.Kvm.Tests;

/// <summary>What this host has.</summary>
internal static class Hosts
{
    /// <summary>Skips the test where KVM does not open.</summary>
    public static void RequireDevice()
    {
        string? reason = null;
        try
        {
            KvmDevice.Open().Dispose();
        }
        catch (Exception error) when (error is LinuxException or KvmException)
        {
            reason = error.Message;
        }

        Assert.SkipUnless(reason is null, $"no KVM: {reason}");
    }

    /// <summary>Skips the test where KVM cannot give a guest a model and a paravirtual interface.</summary>
    public static void RequireModel(CpuModel model, ParavirtualInterface paravirtual = ParavirtualInterface.Kvm)
    {
        RequireDevice();
        using KvmDevice device = KvmDevice.Open();
        string? refusal = device.Refuse(model, paravirtual);
        Assert.SkipUnless(refusal is null, refusal ?? "");
    }
}
