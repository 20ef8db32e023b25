using Hearth.Machine;

namespace Hearth.Cpu;

/// <summary>What paravirtual interfaces are called on the command line and in saved states.</summary>
public static class ParavirtualNames
{
    public static string NameOf(ParavirtualInterface paravirtual) => paravirtual switch
    {
        ParavirtualInterface.Kvm => "kvm",
        ParavirtualInterface.HyperV => "hyperv",
        _ => "none",
    };

    /// <exception cref="MachineException">There is no such interface.</exception>
    public static ParavirtualInterface Find(string name)
    {
        foreach (ParavirtualInterface one in Enum.GetValues<ParavirtualInterface>())
        {
            if (NameOf(one) == name)
                return one;
        }

        string known = string.Join(", ", Enum.GetValues<ParavirtualInterface>().Select(NameOf));
        throw new MachineException($"there is no paravirtual interface '{name}'; there are {known}");
    }
}
