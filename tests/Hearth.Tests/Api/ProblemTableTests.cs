using Hearth.Api;
using Hearth.House;

namespace Hearth.Tests.Api;

public sealed class ProblemTableTests
{
    [Fact]
    public void Find_everyFailure_hasACodeOfItsOwn() =>
        Assert.Distinct(Enum.GetValues<HouseFailure>().Select(failure => ProblemTable.Find(new HouseException(failure, "it is so"))!.Code));

    [Fact]
    public void Codes_areAllDescribed()
    {
        string page = File.ReadAllText(Checkout.Find("appliance/docs/api.md"));

        Assert.All(ProblemTable.Codes, code => Assert.Contains($"`{code}`", page, StringComparison.Ordinal));
    }
}
