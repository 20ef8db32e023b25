using Hearth.Doctor.Facts;
using Hearth.Protocol;

namespace Hearth.Doctor;

/// <summary>Says in words what <c>--engine auto</c> takes here, and why.</summary>
internal static class EngineConclusion
{
    /// <param name="virtualization">What the processor calls it, AMD-V or VT-x; null when it does not show it.</param>
    public static EngineFacts Draw(EngineReport report, string? virtualization)
    {
        (string? engine, string sentence) = report switch
        {
            { Kvm.Refusal: null } => ("kvm", $"Guests run on the processor ({(virtualization is null ? "KVM" : $"KVM, {virtualization}")})."),
            { SoftwareRefusal: { } refusal } => (null, $"No guest runs here: {refusal}, and {report.Kvm.Refusal.Reason}."),
            _ => ("software", $"Guests run on the software engine: {report.Kvm.Refusal.Reason}."),
        };
        return new EngineFacts(engine, sentence, engine is null ? null : report.DefaultModel, report.Kvm, report.Models);
    }
}
