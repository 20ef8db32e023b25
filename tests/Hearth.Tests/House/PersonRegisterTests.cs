using Hearth.House;

namespace Hearth.Tests.House;

public sealed class PersonRegisterTests : IAsyncDisposable
{
    private readonly HouseFixture _fixture = new();

    private PersonRegister Persons => _fixture.House.Persons;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public void Pin_rightOne_isTaken()
    {
        Persons.Add("Mum", "1234");

        Assert.Equal("Mum", Persons.Authenticate("mum", "1234").Name);
    }

    [Fact]
    public void Pin_nothingGiven_isNoTry()
    {
        Persons.Add("Mum", "1234");

        for (int time = 0; time < 5; time++)
            Assert.Equal(HouseFailure.PinNeeded, Assert.Throws<HouseException>(() => Persons.Authenticate("Mum", null)).Failure);
        Assert.Equal(0, Persons.Require("Mum").WrongTries);
    }

    [Fact]
    public void Pin_ofAPersonWithoutOne_isNotAsked() => Assert.Equal("Child", Persons.Authenticate(Persons.Add("Child", null).Name, null).Name);

    [Fact]
    public async Task Pin_wrongTenTimes_saysHowLongToWaitAndLosesNothing()
    {
        Persons.Add("Mum", "1234");
        int[] expected = [0, 0, 2, 4, 8, 16, 32, 64, 128, 256];
        foreach (int seconds in expected)
        {
            HouseException wrong = Refused("9999");
            Assert.Equal(HouseFailure.PinWrong, wrong.Failure);
            Assert.Equal(seconds == 0 ? null : TimeSpan.FromSeconds(seconds), wrong.Wait);
            _fixture.Clock.Advance(TimeSpan.FromSeconds(seconds - 1 > 0 ? seconds - 1 : 0));
            AssertWaits(seconds);
            _fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("that is not the PIN of Mum: the next one can be tried in 9 minutes", Refused("9999").Message);

        // A restart, and the right PIN, change nothing about the wait.
        await _fixture.ReopenAsync();
        HouseException wait = Refused("1234");
        Assert.Equal("a wrong PIN was given 11 times: Mum can try again in 9 minutes, and nothing is lost", wait.Message);
        Assert.Equal((HouseFailure.PinWait, TimeSpan.FromSeconds(512)), (wait.Failure, wait.Wait));

        _fixture.Clock.Advance(TimeSpan.FromSeconds(512));
        Assert.Equal("Mum", Persons.Authenticate("Mum", "1234").Name);
        Assert.Equal(0, Persons.Require("Mum").WrongTries);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(3, 2)]
    [InlineData(11, 512)]
    [InlineData(12, 900)]
    [InlineData(1_000_000, 900)]
    public void Patience_grows_to15Minutes(int tries, int seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), PinPatience.After(tries));

    [Fact]
    public void Patience_afterTheClockWasSetBack_isNoLongerThanItWas()
    {
        var person = new Person(1, "Mum", "x", 4, _fixture.Clock.GetUtcNow() + TimeSpan.FromDays(365));

        Assert.Equal(TimeSpan.FromSeconds(4), PinPatience.Left(person, _fixture.Clock.GetUtcNow()));
    }

    [Theory]
    [InlineData("123")]
    [InlineData("1234567890123")]
    [InlineData("12a4")]
    [InlineData("")]
    public void Pin_notOfDigits_isRefused(string pin) =>
        Assert.Equal("a PIN has 4 to 12 digits and nothing else", Assert.Throws<HouseException>(() => Persons.Add("Mum", pin)).Message);

    [Fact]
    public void SetPin_forgetsTheOldOneAndItsWait()
    {
        Persons.Add("Mum", "1234");
        for (int time = 0; time < 4; time++)
            _ = Assert.Throws<HouseException>(() => Persons.Authenticate("Mum", "9999"));

        Persons.SetPin("Mum", "5678");

        Assert.Equal(HouseFailure.PinWrong, Refused("1234").Failure);
        Assert.Equal("Mum", Persons.Authenticate("Mum", "5678").Name);
    }

    [Fact]
    public void Add_aNameThatIsThere_isRefused()
    {
        Persons.Add("Mum", null);

        var error = Assert.Throws<HouseException>(() => Persons.Add("MUM", null));

        Assert.Equal((HouseFailure.NameTaken, "there is a person Mum already: choose another name"), (error.Failure, error.Message));
    }

    [Fact]
    public void Remove_theLastOneWhoMayUseAGuest_isRefused()
    {
        Person mum = Persons.Add("Mum", null);
        Person dad = Persons.Add("Dad", null);
        _fixture.AddGuest("desk", mum.Id, dad.Id);

        Persons.Remove("Dad");
        var error = Assert.Throws<HouseException>(() => Persons.Remove("Mum"));

        Assert.Equal([mum.Id], _fixture.House.Guests.Require("desk").Definition.Persons);
        Assert.StartsWith("Mum is the only one who may use desk", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hash_isSlowSaltedAndWrittenNowhere()
    {
        string one = new PinHash(2).Make("1234");
        string other = new PinHash(2).Make("1234");

        Assert.NotEqual(one, other);
        Assert.StartsWith("pbkdf2-sha256$2$", one, StringComparison.Ordinal);
        Assert.True(PinHash.IsRight("1234", one));
        Assert.False(PinHash.IsRight("1235", one));
        Assert.InRange(PinHash.OrdinaryIterations, 600_000, int.MaxValue);
        Assert.DoesNotContain(one, new Person(1, "Mum", one).ToString(), StringComparison.Ordinal);
    }

    private HouseException Refused(string pin) => Assert.Throws<HouseException>(() => Persons.Authenticate("Mum", pin));

    private void AssertWaits(int seconds)
    {
        if (seconds > 1)
            Assert.Equal((HouseFailure.PinWait, TimeSpan.FromSeconds(1)), (Refused("1234").Failure, Refused("1234").Wait));
    }
}
